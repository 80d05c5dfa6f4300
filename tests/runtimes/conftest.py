"""A small network, traced once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genconvit.registry import ARCHITECTURES
from genconvit.runtimes import export, openvino_file
from genconvit.runtimes.exported import read_exported
from genconvit.weights.load import LoadedModel, load_model

OPTIONS: dict[str, Any] = {"backbone": "test_resnet", "image_size": 64}


def tiny() -> LoadedModel:
    return load_model("timm", ARCHITECTURES.load("timm"), OPTIONS, "random")


@pytest.fixture(scope="session")
def onnx_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small network as an ONNX file."""
    pytest.importorskip("onnxscript", reason="the extra onnx is not installed")
    path = tmp_path_factory.mktemp("onnx") / "tiny.onnx"
    export.export_model(tiny(), "timm", path, file_format="onnx")
    return path


@pytest.fixture(scope="session")
def xml_path(onnx_path: Path) -> Path:
    """The small network as a file in OpenVINO's format."""
    pytest.importorskip("openvino", reason="the extra openvino is not installed")
    path = onnx_path.with_suffix(".xml")
    openvino_file.convert_onnx(onnx_path, read_exported(onnx_path).header, path)
    return path


@pytest.fixture(params=["onnx", "openvino"])
def exported(request: pytest.FixtureRequest) -> Path:
    """The small network in each format."""
    path: Path = request.getfixturevalue("onnx_path" if request.param == "onnx" else "xml_path")
    return path


@pytest.fixture
def traced(onnx_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], LoadedModel]:
    """Function that makes the small network; its exports take the traced one, which is there."""
    import onnx

    monkeypatch.setattr(export, "_traced", lambda *_: onnx.load(onnx_path))
    return tiny
