"""A detector's config on its way to another process, with the classes that were registered for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from genconvit.registry import ARCHITECTURES, FACE_DETECTORS, VIDEO_DECODERS, Registry
from genconvit.settings import DetectorConfig


@dataclass(frozen=True)
class PortableConfig:
    """A config, and the plugins that it names where a call registered them; made to be pickled.

    Attributes:
        config: the config.
        classes: class of each plugin, in the order of ``_registered``; None where it is an entry point.
    """

    config: DetectorConfig
    classes: tuple[type[Any] | None, ...]

    @classmethod
    def of(cls, config: DetectorConfig) -> PortableConfig:
        """Take a config as this process understands it.

        Raises:
            PluginError: another process cannot import a class that was registered here.
        """
        return cls(config, tuple(registry.for_another_process(name) for registry, name in _registered(config)))

    def open(self) -> DetectorConfig:
        """Register the classes in this process, and give the config.

        Raises:
            PluginError: a class is of the wrong kind.
        """
        for (registry, name), cls in zip(_registered(self.config), self.classes, strict=True):
            registry.from_another_process(name, cls)
        return self.config


def _registered(config: DetectorConfig) -> tuple[tuple[Registry[Any], str], ...]:
    """Registries and names of a config's plugins that may be classes registered by a call."""
    return (
        (ARCHITECTURES, config.architecture),
        (FACE_DETECTORS, config.face_detector),
        (VIDEO_DECODERS, config.decoder),
    )
