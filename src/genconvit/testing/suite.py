"""The checks of every registered plugin, or of one."""

from __future__ import annotations

from genconvit.registry import ARCHITECTURES, DATASETS, FACE_DETECTORS, REGISTRIES, VIDEO_DECODERS
from genconvit.testing.architectures import architecture_checks
from genconvit.testing.check import Check
from genconvit.testing.datasets import dataset_checks
from genconvit.testing.face_detectors import face_detector_checks
from genconvit.testing.video_decoders import video_decoder_checks

_CHECKS = {
    ARCHITECTURES.group: architecture_checks,
    FACE_DETECTORS.group: face_detector_checks,
    VIDEO_DECODERS.group: video_decoder_checks,
    DATASETS.group: dataset_checks,
}


def contract_checks(name: str | None = None, group: str | None = None) -> list[Check]:
    """The checks of the plugins of a name, or of all plugins, which are imported.

    Args:
        name: a registered name; None for all.
        group: the entry-point group, such as ``genconvit.architectures``; None for every group.

    Raises:
        PluginError: no plugin has this name, or one is broken.
    """
    registries = [registry for registry in REGISTRIES if group in (None, registry.group)]
    chosen = [(registry, each) for registry in registries for each in registry.names() if name in (None, each)]
    if not chosen and name is not None:
        ARCHITECTURES.find(name)  # says which names are known
    return [check for registry, each in chosen for check in _CHECKS[registry.group](each, registry.load(each))]
