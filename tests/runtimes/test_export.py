from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from genconvit.core.errors import ConfigError, WeightsError
from genconvit.core.input_spec import InputSpec
from genconvit.core.types import FloatArray, ImageArray
from genconvit.core.version import __version__
from genconvit.models.base import Architecture, ArchitectureConfig, ModelOutput
from genconvit.registry import ARCHITECTURES
from genconvit.results.provenance import WeightsInfo
from genconvit.runtimes import parity
from genconvit.runtimes.export import export_model, export_weights
from genconvit.runtimes.exported import ExportedNetwork, read_exported
from genconvit.runtimes.noise import Traceable
from genconvit.runtimes.onnx_file import data_beside
from genconvit.runtimes.onnx_runtime import OnnxRuntimeNetwork
from genconvit.weights.load import LoadedModel

from .conftest import OPTIONS, tiny

CPU = torch.device("cpu")
Traced = Callable[[], LoadedModel]


@pytest.mark.parametrize("count", [1, 2, 5, 17])
def test_an_exported_network_gives_pytorchs_logits_in_batches_of_any_size(exported: Path, count: int) -> None:
    crops = np.random.default_rng(count).integers(0, 256, (count, 64, 64, 3), np.uint8)
    file = read_exported(exported)
    model = tiny().model
    with torch.inference_mode():
        wanted = model(model.preprocess(torch.from_numpy(crops))).logits["timm"].numpy()
    found = file.open(CPU)(crops, [])["timm"]
    assert found.dtype == np.float32
    assert np.allclose(found, wanted, atol=1e-5, rtol=0)


def test_the_file_says_what_it_holds(exported: Path) -> None:
    header = read_exported(exported).header
    assert header.library_version == __version__
    assert header.architecture == "timm"
    assert header.config == tiny().model.config.model_dump(mode="json")
    assert header.weights == WeightsInfo(origin="random", trained=False)
    assert header.branches == ("timm",)
    assert header.input_shape == (64, 64, 3)
    assert header.input_spec == tiny().model.input_spec
    assert header.noise_shapes == ()


def test_the_file_says_nothing_of_the_machine(exported: Path) -> None:
    content = exported.read_bytes()
    assert b"site-packages" not in content
    assert str(Path.home()).encode() + b"/" not in content
    assert b"stack_trace" not in content


def test_a_network_with_other_logits_is_refused_and_nothing_is_written(
    traced: Traced, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = OnnxRuntimeNetwork.__call__

    def a_little_off(self: OnnxRuntimeNetwork, crops: ImageArray, noise: Sequence[FloatArray]) -> dict[str, FloatArray]:
        return {branch: logits + np.float32(2e-4) for branch, logits in original(self, crops, noise).items()}

    monkeypatch.setattr(OnnxRuntimeNetwork, "__call__", a_little_off)
    with pytest.raises(ConfigError, match=r"differ from PyTorch's by up to 0\.0002, where 0\.0001 is allowed, so noth"):
        export_model(traced(), "timm", tmp_path / "tiny.onnx", file_format="onnx")
    assert list(tmp_path.iterdir()) == []


def test_logits_that_are_no_numbers_are_refused(traced: Traced, onnx_path: Path) -> None:
    def broken(crops: ImageArray, _: Sequence[FloatArray]) -> Mapping[str, FloatArray]:
        return {"timm": np.full((len(crops), 2), np.nan, np.float32)}

    with pytest.raises(ConfigError, match="differ from PyTorch's by up to nan"):
        parity.check_parity(Traceable(traced().model), broken, read_exported(onnx_path).header)


def test_large_networks_have_their_tensors_beside_the_file(traced: Traced, tmp_path: Path) -> None:
    path = tmp_path / "tiny.onnx"
    written = export_model(traced(), "timm", path, file_format="onnx", most_bytes_inside=1000)
    data = data_beside(path)
    assert written.files == (path, data)
    assert sorted(tmp_path.iterdir()) == [path, data]
    assert data.stat().st_size > 1_000_000 > path.stat().st_size
    assert [file.name for file in read_exported(path).hashed()] == ["tiny.onnx", "tiny.onnx.data"]


def test_a_failed_export_leaves_what_was_there(traced: Traced, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tiny.onnx"
    path.write_bytes(b"before")
    monkeypatch.setattr(parity, "FURTHEST", -1.0)
    with pytest.raises(ConfigError, match="differ"):
        export_model(traced(), "timm", path, file_format="onnx")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_an_error(traced: Traced, tmp_path: Path) -> None:
    del traced
    output = tmp_path / "none" / "tiny.onnx"
    with pytest.raises(WeightsError, match="cannot be written: No such file or directory; choose another path"):
        export_weights("timm", ARCHITECTURES.load("timm"), OPTIONS, "random", output, file_format="onnx")


def test_the_suffix_is_the_formats(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"a file of format 'openvino' ends in \.xml"):
        export_weights(
            "timm", ARCHITECTURES.load("timm"), OPTIONS, "random", tmp_path / "a.onnx", file_format="openvino"
        )


def test_an_exported_file_is_not_exported_again(onnx_path: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is exported already; give the weights that it was made from"):
        export_weights(
            "timm", ARCHITECTURES.load("timm"), {}, str(onnx_path), tmp_path / "again.onnx", file_format="onnx"
        )


class _Small(Architecture):
    """A linear layer over the mean colour; subclasses do more."""

    config_class = ArchitectureConfig
    input_spec = InputSpec(size=8)

    def __init__(self, config: ArchitectureConfig) -> None:
        super().__init__(config)
        self.config = config
        self.layer = nn.Linear(3, 2)

    def forward(self, faces: Tensor) -> ModelOutput:
        return ModelOutput({"small": self.layer(self.means(faces))})

    def means(self, faces: Tensor) -> Tensor:
        return faces.mean(dim=(2, 3))


class _Noisy(_Small):
    def means(self, faces: Tensor) -> Tensor:
        means = super().means(faces)
        return means + torch.randn_like(means)


class _NoisyOtherwise(_Small):
    def means(self, faces: Tensor) -> Tensor:
        return super().means(faces) + torch.rand(3)


class _ByValue(_Small):
    def means(self, faces: Tensor) -> Tensor:
        return super().means(faces) * (2 if float(faces.sum()) > 0 else 1)


def loaded(cls: type[Architecture]) -> LoadedModel:
    model: Any = cls(ArchitectureConfig(mode="small"))
    return LoadedModel(model.eval().requires_grad_(False), WeightsInfo(origin="random", trained=False))


def test_noise_becomes_an_input_that_is_drawn_anew(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript", reason="the extra onnx is not installed")
    path = tmp_path / "noisy.onnx"
    export_model(loaded(_Noisy), "noisy", path, file_format="onnx")
    file = read_exported(path)
    assert file.header.noise_shapes == ((3,),)
    assert file.header.input_spec is not None
    runs = file.open(CPU)
    network = ExportedNetwork(runs, file.header, file.header.input_spec, CPU)
    crops = np.zeros((4, 8, 8, 3), np.uint8)
    torch.manual_seed(0)
    first = network(crops, 16)["small"]
    second = network(torch.from_numpy(crops), 16)["small"]
    assert len({tuple(row) for row in first.tolist()}) == 4
    assert not np.array_equal(first, second)
    torch.manual_seed(0)
    assert np.array_equal(first, runs(crops, [torch.randn(4, 3).numpy()])["small"])


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (_NoisyOtherwise, r"draws random numbers by torch\.rand, which no exported file can"),
        (_ByValue, r"'small' cannot be exported: PyTorch cannot trace it with a batch of any size \(.*runtime='torch'"),
    ],
)
def test_a_network_that_cannot_be_traced_is_refused(cls: type[Architecture], message: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript", reason="the extra onnx is not installed")
    with pytest.raises(ConfigError, match=message):
        export_model(loaded(cls), "small", tmp_path / "small.onnx", file_format="onnx")
    assert list(tmp_path.iterdir()) == []
