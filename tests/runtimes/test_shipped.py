"""The exported file that ships: it is the network of the shipped weights, and opens without PyTorch."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from genconvit import Detector
from genconvit.core.device import Device
from genconvit.core.errors import WeightsError
from genconvit.data.sample_crops import sample_crops
from genconvit.registry import ARCHITECTURES
from genconvit.runtimes import shipped as module
from genconvit.runtimes.exported import ExportedFile, RuntimeName
from genconvit.runtimes.header import ExportHeader
from genconvit.runtimes.noise import Traceable
from genconvit.runtimes.onnx_file import read_model
from genconvit.runtimes.shipped import shipped_export, shipped_file, shipped_header
from genconvit.weights.embedded import Embedded, embedded
from genconvit.weights.load import LoadedModel, load_model


@pytest.fixture
def nano() -> Embedded:
    return embedded("v2_nano")


def open_file(runtime: RuntimeName, nano: Embedded) -> ExportedFile:
    pytest.importorskip(runtime, reason=f"{runtime} is not installed")
    return shipped_file(nano, runtime)


@pytest.fixture(scope="module")
def loaded() -> LoadedModel:
    """The shipped network in PyTorch, in fp32."""
    made = load_model("v2", ARCHITECTURES.load("v2"), {}, "embedded")
    made.model.float()
    return made


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_its_logits_are_pytorchs(runtime: RuntimeName, nano: Embedded, loaded: LoadedModel) -> None:
    crops = sample_crops(128, 3, seed=0)
    file = open_file(runtime, nano)
    found = file.open(Device("cpu"))(crops, [])
    with torch.inference_mode():
        wanted = Traceable(loaded.model)(torch.from_numpy(crops))
    for branch, logits in zip(file.header.branches, wanted, strict=True):
        assert np.abs(found[branch] - logits.numpy()).max() < 1e-4


def test_its_header_says_what_an_export_of_today_would(nano: Embedded, loaded: LoadedModel) -> None:
    header = shipped_header(nano)
    assert header.config == loaded.model.config.model_dump(mode="json")
    assert header.input_spec == loaded.model.input_spec
    assert header.weights == loaded.info
    assert (header.architecture, header.branches, header.noise_shapes) == ("v2", ("ed", "vae"), ())


def test_the_graph_is_small_and_its_tensors_are_those_of_the_weights(nano: Embedded) -> None:
    onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")
    assert nano.graph.stat().st_size < 600_000
    model = onnx.load(nano.graph, load_external_data=False)
    outside = [tensor for tensor in model.graph.initializer if tensor.external_data]
    named = [{entry.key: entry.value for entry in tensor.external_data} for tensor in outside]
    assert {each["location"] for each in named} == {nano.path.name}
    assert sum(int(each["length"]) for each in named) > 19_000_000


def test_as_a_file_of_somebody_else_it_would_be_refused(nano: Embedded) -> None:
    pytest.importorskip("onnx", reason="the extra onnx is not installed")
    with pytest.raises(WeightsError):
        read_model(nano.graph)
    with pytest.raises(WeightsError):
        Detector(weights=nano.graph, device="cpu", face_detector="mtcnn")


@pytest.mark.parametrize(
    ("options", "spec", "ships"),
    [
        ({}, "embedded", True),
        ({"size": "nano"}, None, True),
        ({"size": "nano", "mode": "v2"}, "embedded", True),
        ({"latent": "random"}, "embedded", False),
        ({"mode": "ed"}, "embedded", False),
        ({}, None, False),
        ({"size": "nano"}, "random", False),
        ({}, Path("embedded"), False),
    ],
)
def test_it_is_taken_where_it_is_what_was_asked_for(options: dict[str, Any], spec: Any, ships: bool) -> None:
    assert (shipped_export("v2", options, spec) is not None) == ships


def test_another_config_runs_in_pytorch() -> None:
    with Detector(weights="embedded", latent="mean", device="cpu", face_detector="mtcnn") as detector:
        assert detector._open().parts.provenance.runtime == "torch"
        assert len(detector.score_faces(np.zeros((1, 128, 128, 3), np.uint8))) == 1


def test_files_that_do_not_belong_together_are_refused(nano: Embedded, tmp_path: Path) -> None:
    weights = tmp_path / nano.path.name
    weights.write_bytes(nano.path.read_bytes()[:-1] + b"x")
    weights.with_suffix(".header.json").write_bytes(nano.header.read_bytes())
    moved = Embedded(nano.name, weights, nano.calibration, nano.card)
    with pytest.raises(WeightsError, match=r"is not the file that v2_nano\.json tells of, by its SHA-256"):
        shipped_file(moved, "onnxruntime")
    other = nano.card.model_copy(update={"weights_sha256": "0" * 64})
    with pytest.raises(WeightsError, match=r"is of other weights than v2_nano\.json tells of; install genconvit again"):
        shipped_header(Embedded(nano.name, weights, nano.calibration, other))
    weights.with_suffix(".header.json").unlink()
    module.shipped_header.cache_clear()
    with pytest.raises(WeightsError, match=re.escape("v2_nano.header.json cannot be read")):
        shipped_header(moved)


def test_a_header_states_an_input_that_is_the_networks(nano: Embedded) -> None:
    header = shipped_header(nano).model_dump(mode="json")
    for change in ({"input_shape": [64, 64, 3]}, {"input_spec": {**header["input_spec"], "size": 9000}}):
        with pytest.raises(ValueError, match="input_shape is that of input_spec"):
            ExportHeader.model_validate({**header, **change})
