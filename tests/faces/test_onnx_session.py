from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, save_model

from genconvit.core.errors import ConfigError
from genconvit.faces.onnx_session import open_detection_session
from support import shared

CPU = torch.device("cpu")
NEXT_STEP = r'.*face_detector="mtcnn"'


def write_model(
    path: Path,
    outputs: int,
    *,
    shape: Sequence[int | str] = (1, 3, "h", "w"),
    operator: str = "Relu",
    inputs: int = 1,
) -> Path:
    """A valid ONNX file whose every output is the operator of the first input."""
    names = [f"in{index}" for index in range(inputs)]
    results = [f"out{index}" for index in range(outputs)]
    graph = helper.make_graph(
        [helper.make_node(operator, names[:1], [result]) for result in results],
        "made",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in names],
        [helper.make_tensor_value_info(result, TensorProto.FLOAT, None) for result in results],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    save_model(model, str(path))
    return path


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x08\x12\x07onnx", bytes(range(256)) * 64])
def test_a_file_that_is_no_onnx_is_an_error(tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"bad\.onnx" + NEXT_STEP):
        open_detection_session(path, CPU)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kept", [0.01, 0.5, 0.99])
def test_a_truncated_model_is_an_error(tmp_path: Path, kept: float) -> None:
    whole = shared("models", "scrfd.onnx").read_bytes()
    path = tmp_path / "cut.onnx"
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(ConfigError, match=r"cut\.onnx cannot be loaded" + NEXT_STEP):
        open_detection_session(path, CPU)


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    for path in (tmp_path / "none.onnx", tmp_path):
        with pytest.raises(ConfigError, match="does not exist" + NEXT_STEP):
            open_detection_session(path, CPU)


@pytest.mark.parametrize("outputs", [1, 3, 5, 7])
def test_a_model_with_other_outputs_is_no_face_detector(tmp_path: Path, outputs: int) -> None:
    path = write_model(tmp_path / "other.onnx", outputs)
    with pytest.raises(ConfigError, match=rf"other\.onnx is not a face detector: it has {outputs} outputs" + NEXT_STEP):
        open_detection_session(path, CPU)


@pytest.mark.parametrize("outputs", [6, 9, 10, 15])
def test_outputs_of_other_shapes_are_no_face_detector(tmp_path: Path, outputs: int) -> None:
    path = write_model(tmp_path / "relu.onnx", outputs)
    with pytest.raises(ConfigError, match=r"output 'out0' has shape \[1, 3, 320, 320\], SCRFD's has \[\d+, 1\]"):
        open_detection_session(path, CPU)


@pytest.mark.parametrize("shape", [(1, 3, 100, 100), (1, 3, 16, 16), (1, 3, 100000, 100000)])
def test_a_fixed_size_that_no_detector_has_is_an_error(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = write_model(tmp_path / "sized.onnx", 9, shape=shape)
    with pytest.raises(ConfigError, match=f"takes {shape[3]} x {shape[2]} pixels"):
        open_detection_session(path, CPU)


@pytest.mark.parametrize(("shape", "inputs"), [((1, 10), 1), ((1, 3, 128, 128), 2)])
def test_other_inputs_are_no_face_detector(
    tmp_path: Path, shape: tuple[int, ...], inputs: int, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write_model(tmp_path / "input.onnx", 9, shape=shape, inputs=inputs)
    with pytest.raises(ConfigError, match="is not a face detector: its input is"):
        open_detection_session(path, CPU)
    assert capfd.readouterr() == ("", "")


def test_a_model_that_fails_on_an_image_is_an_error(tmp_path: Path) -> None:
    path = write_model(tmp_path / "batch.onnx", 9, shape=(4, 3, 64, 64))
    with pytest.raises(ConfigError, match=r"batch\.onnx fails on an image" + NEXT_STEP):
        open_detection_session(path, CPU)


def test_cuda_without_its_provider_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(ConfigError, match=r"cannot run on cuda: .*CPUExecutionProvider only; .*onnxruntime-gpu"):
        open_detection_session(shared("models", "scrfd.onnx"), torch.device("cuda"))


@pytest.mark.skipif("CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="it has CUDA")
@pytest.mark.filterwarnings("ignore:Specified provider:UserWarning")
def test_cuda_that_is_promised_and_missing_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    promised = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: promised)
    with pytest.raises(ConfigError, match="cannot run on cuda: ONNX Runtime loaded it for CPUExecutionProvider alone"):
        open_detection_session(shared("models", "scrfd.onnx"), torch.device("cuda", 0))
    assert capfd.readouterr().out == ""


def test_another_device_is_an_error() -> None:
    with pytest.raises(ConfigError, match="runs on cpu or cuda, got 'meta'"):
        open_detection_session(shared("models", "scrfd.onnx"), torch.device("meta"))
