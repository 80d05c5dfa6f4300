"""The versions of what computes an answer, for the record."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable

from genconvit.registry import PluginInfo

_PARTS = (
    *(
        "torch",
        "timm",
        "av",
        "decord",
        "torchcodec",
        "onnxruntime",
        "openvino",
        "insightface",
        "facenet-pytorch",
        "pillow",
    ),
    "pillow-heif",
)


def package_versions(plugins: Iterable[PluginInfo]) -> dict[str, str]:
    """The version of each package that a score may depend on and that is installed, and of the plugins' packages."""
    versions = {plugin.distribution: plugin.version for plugin in plugins}
    for name in _PARTS:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return dict(sorted(versions.items()))
