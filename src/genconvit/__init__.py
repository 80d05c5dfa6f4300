"""Tell whether the faces in a video are real or manipulated, and what that answer rests on.

Examples:
    >>> from genconvit import Detector
    >>> detector = Detector(
    ...     "original", mode="ed", weights="random", device="cpu"
    ... )

Importing this package imports no other module of it: the names below are loaded when they are asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from genconvit.core.version import __version__

if TYPE_CHECKING:
    from genconvit.core.errors import ConfigError, DatasetError, GenConViTError, PluginError, SourceError, WeightsError
    from genconvit.core.input_spec import InputSpec
    from genconvit.core.types import FaceScores, Frame
    from genconvit.credentials.reader import read_credentials
    from genconvit.detector import Detector
    from genconvit.explain.heat_map import FaceHeatMaps, HeatMap
    from genconvit.models.base import Architecture, ArchitectureConfig, ModelOutput
    from genconvit.nn.feature_layer import FeatureLayer
    from genconvit.registry import register_architecture
    from genconvit.render.frames import SourceFrames
    from genconvit.render.heat_maps import grad_cam_maps
    from genconvit.results.credentials import ContentCredentials
    from genconvit.results.heat_maps import ResultHeatMaps
    from genconvit.results.result import FaceResult, TrackResult, VideoResult
    from genconvit.results.write import results_to_csv, results_to_json, results_to_json_lines, results_to_markdown
    from genconvit.serve.client import Client
    from genconvit.settings import DetectorConfig

_HOMES = {
    "Architecture": "models.base",
    "ArchitectureConfig": "models.base",
    "Client": "serve.client",
    "ConfigError": "core.errors",
    "ContentCredentials": "results.credentials",
    "DatasetError": "core.errors",
    "Detector": "detector",
    "DetectorConfig": "settings",
    "FaceHeatMaps": "explain.heat_map",
    "FaceResult": "results.result",
    "FaceScores": "core.types",
    "FeatureLayer": "nn.feature_layer",
    "Frame": "core.types",
    "GenConViTError": "core.errors",
    "HeatMap": "explain.heat_map",
    "InputSpec": "core.input_spec",
    "ModelOutput": "models.base",
    "PluginError": "core.errors",
    "ResultHeatMaps": "results.heat_maps",
    "SourceError": "core.errors",
    "SourceFrames": "render.frames",
    "TrackResult": "results.result",
    "VideoResult": "results.result",
    "WeightsError": "core.errors",
    "grad_cam_maps": "render.heat_maps",
    "read_credentials": "credentials.reader",
    "register_architecture": "registry",
    "results_to_csv": "results.write",
    "results_to_json": "results.write",
    "results_to_json_lines": "results.write",
    "results_to_markdown": "results.write",
}

__all__ = [
    "Architecture",
    "ArchitectureConfig",
    "Client",
    "ConfigError",
    "ContentCredentials",
    "DatasetError",
    "Detector",
    "DetectorConfig",
    "FaceHeatMaps",
    "FaceResult",
    "FaceScores",
    "FeatureLayer",
    "Frame",
    "GenConViTError",
    "HeatMap",
    "InputSpec",
    "ModelOutput",
    "PluginError",
    "ResultHeatMaps",
    "SourceError",
    "SourceFrames",
    "TrackResult",
    "VideoResult",
    "WeightsError",
    "__version__",
    "grad_cam_maps",
    "read_credentials",
    "register_architecture",
    "results_to_csv",
    "results_to_json",
    "results_to_json_lines",
    "results_to_markdown",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'genconvit' has no attribute {name!r}")
    return getattr(importlib.import_module(f"genconvit.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
