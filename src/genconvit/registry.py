"""Lazy plugin registries over entry points: listing reads metadata, asking for a name imports it.

One registry serves each group. The built-ins are entry points of this distribution like everyone else's.
"""

from __future__ import annotations

import importlib.metadata
import pkgutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from genconvit.core.config import did_you_mean
from genconvit.core.errors import PluginError

if TYPE_CHECKING:  # what is registered lies above, and is imported when it is asked for
    from genconvit.data.base import Dataset
    from genconvit.faces.base import FaceDetector
    from genconvit.models.base import Architecture
    from genconvit.results.renderer import Renderer
    from genconvit.video.base import VideoDecoder

T = TypeVar("T")
"""The class that the plugins of a group derive from."""

_GROUPS = "genconvit."
"""Beginning of the names of all groups."""


@dataclass(frozen=True)
class PluginInfo:
    """One plugin as the metadata describes it, without importing it.

    Attributes:
        name: the name that it is asked for by.
        group: the entry-point group.
        value: ``"module:attribute"``.
        distribution: the package that declares it; ``"(this process)"`` for one registered by a call.
        version: version of that package; empty for one registered by a call.
    """

    name: str
    group: str
    value: str
    distribution: str
    version: str


class Registry(Generic[T]):
    """The plugins of one entry-point group.

    Args:
        group: the entry-point group, for example ``"genconvit.architectures"``; all begin with ``genconvit.``.
        kind: word for a plugin in messages, for example ``"architecture"``.
        base: class that a plugin derives from, as ``"module:attribute"``; imported when a plugin is.
    """

    def __init__(self, group: str, *, kind: str, base: str) -> None:
        self.group = group
        self.kind = kind
        self._base = base
        self._registered: dict[str, type[T]] = {}

    def plugins(self) -> list[PluginInfo]:
        """Every plugin of the group, by name, from metadata alone."""
        found = set(_installed(self.group))
        found |= {
            PluginInfo(name, self.group, f"{cls.__module__}:{cls.__qualname__}", "(this process)", "")
            for name, cls in self._registered.items()
        }
        return sorted(found, key=lambda plugin: (plugin.name, plugin.distribution))

    def names(self) -> list[str]:
        """The known names, sorted."""
        return sorted({plugin.name for plugin in self.plugins()})

    def register(self, name: str, cls: type[T]) -> None:
        """Add a class under a name for the life of this process.

        Registering the same name again replaces the earlier class, as a notebook's cell that runs twice does.

        Raises:
            PluginError: the class is of the wrong kind, or an installed distribution has that name.
        """
        self._check_kind(name, cls)
        installed = [plugin for plugin in self.plugins() if plugin.name == name and plugin.version]
        if installed:
            raise PluginError(
                f"{self.kind} {name!r} is already provided by {installed[0].distribution} {installed[0].version}; "
                "register yours under another name"
            )
        self._registered[name] = cls

    def unregister(self, name: str) -> None:
        """Forget a class that ``register`` added; a name that was never registered is fine."""
        self._registered.pop(name, None)

    def for_another_process(self, name: str) -> type[T] | None:
        """The class that ``register`` added under a name, for a pickle; None for any other name.

        Raises:
            PluginError: another process cannot import it.
        """
        cls = self._registered.get(name)
        if cls is None or _is_importable(cls):
            return cls
        raise PluginError(
            f"{self.kind} {name!r} is registered in this process alone, as {cls.__module__}.{cls.__qualname__}, which "
            "no other process can import, so what uses it cannot be pickled; define the class at the top level of a "
            "module"
        )

    def from_another_process(self, name: str, cls: type[T] | None) -> None:
        """Register a class that ``for_another_process`` gave, where its name is not known yet.

        Raises:
            PluginError: the class is of the wrong kind.
        """
        if cls is not None and name not in self.names():
            self.register(name, cls)

    def load(self, name: str) -> type[T]:
        """Import the plugin of that name and return its class.

        Raises:
            PluginError: the name is unknown, two distributions provide it, its import fails (the cause is
                chained), or it is of the wrong kind.
        """
        plugin = self.find(name)
        return self._registered[name] if name in self._registered else self._import(plugin)

    def find(self, name: str) -> PluginInfo:
        """Find the plugin of that name in the metadata.

        Raises:
            PluginError: the name is unknown, or two distributions provide it.
        """
        candidates = [plugin for plugin in self.plugins() if plugin.name == name]
        if not candidates:
            names = self.names()
            raise PluginError(
                f"unknown {self.kind} {name!r}{did_you_mean(name, names)}; known are: {', '.join(names) or 'none'}"
            )
        if len(candidates) > 1:
            owners = " and ".join(f"{plugin.distribution} ({plugin.value})" for plugin in candidates)
            raise PluginError(f"{self.kind} {name!r} is provided by {owners}; uninstall one of them")
        return candidates[0]

    def _import(self, plugin: PluginInfo) -> type[T]:
        try:
            cls = pkgutil.resolve_name(plugin.value)
        except (Exception, SystemExit) as error:
            raise PluginError(
                f"{self.kind} {plugin.name!r} of {plugin.distribution} {plugin.version} ({plugin.value}) "
                f"cannot be imported: {type(error).__name__}: {error}"
            ) from error
        self._check_kind(plugin.name, cls)
        return cast("type[T]", cls)

    def _check_kind(self, name: str, cls: object) -> None:
        base = pkgutil.resolve_name(self._base)
        if not (isinstance(cls, type) and issubclass(cls, base)):
            raise PluginError(
                f"{self.kind} {name!r} is {cls!r}, which is not a subclass of {base.__module__}.{base.__name__}"
            )
        lacking = [
            attribute
            for attribute, annotation in base.__annotations__.items()
            if str(annotation).startswith("ClassVar") and not hasattr(cls, attribute)
        ]
        lacking += sorted(getattr(cls, "__abstractmethods__", ()))
        if lacking:
            raise PluginError(f"{self.kind} {name!r} ({cls.__qualname__}) does not define {', '.join(lacking)}")


def _is_importable(cls: type[object]) -> bool:
    """Tell whether a class can be imported by its own name."""
    try:
        return pkgutil.resolve_name(f"{cls.__module__}:{cls.__qualname__}") is cls
    except (ImportError, AttributeError, ValueError):
        return False


def _installed(group: str) -> list[PluginInfo]:
    """The plugins of every distribution on the path, which are read again where something in a folder of it changed."""
    return [plugin for plugin in _found(tuple(map(_state, sys.path))) if plugin.group == group]


def _state(folder: str) -> tuple[str, int]:
    try:
        return folder, Path(folder).stat().st_mtime_ns
    except (OSError, ValueError):
        return folder, 0


@lru_cache(maxsize=8)
def _found(path: tuple[tuple[str, int], ...]) -> tuple[PluginInfo, ...]:
    del path
    return tuple(_read())


def _read() -> Iterator[PluginInfo]:
    """Read what the distributions declare; one whose metadata cannot be read harms nobody else."""
    seen = set()
    for distribution in importlib.metadata.distributions():
        try:
            if _GROUPS not in (distribution.read_text("entry_points.txt") or ""):  # most declare nothing of ours
                continue
            entries = [entry for entry in distribution.entry_points if entry.group.startswith(_GROUPS)]
            if not entries:
                continue
            owner, version = (_field(distribution, name) for name in ("Name", "Version"))
        except Exception:  # noqa: S112 - damaged metadata fails in any way, and is not ours to report
            continue
        if owner in seen:  # as Python does, the first on the path counts
            continue
        seen.add(owner)
        for entry in entries:
            yield PluginInfo(entry.name, entry.group, entry.value, owner, version)


def _field(distribution: importlib.metadata.Distribution, name: str) -> str:
    values = distribution.metadata.get_all(name, [""])
    return str(values[0]) or f"(no {name.lower()})"


ARCHITECTURES: Registry[Architecture] = Registry(
    "genconvit.architectures", kind="architecture", base="genconvit.models.base:Architecture"
)
FACE_DETECTORS: Registry[FaceDetector] = Registry(
    "genconvit.face_detectors", kind="face detector", base="genconvit.faces.base:FaceDetector"
)
VIDEO_DECODERS: Registry[VideoDecoder] = Registry(
    "genconvit.video_decoders", kind="video decoder", base="genconvit.video.base:VideoDecoder"
)
DATASETS: Registry[Dataset] = Registry("genconvit.datasets", kind="data set", base="genconvit.data.base:Dataset")
_RENDERER = "genconvit.render.standard:StandardRenderer"

REGISTRIES: tuple[Registry[Any], ...] = (ARCHITECTURES, FACE_DETECTORS, VIDEO_DECODERS, DATASETS)


def renderer() -> Renderer:
    """The library's renderer, which results are drawn by; imported when it is asked for, since it lies above them."""
    cls: type[Renderer] = pkgutil.resolve_name(_RENDERER)
    return cls()


def register_architecture(name: str, cls: type[Architecture]) -> None:
    """Add an architecture for the life of this process, for notebooks and tests; packages use an entry point.

    Args:
        name: name that ``genconvit.Detector`` is asked for.
        cls: a subclass of ``genconvit.Architecture``.

    Raises:
        PluginError: the class is of the wrong kind, or an installed distribution has that name.
    """
    ARCHITECTURES.register(name, cls)
