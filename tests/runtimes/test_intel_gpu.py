"""Networks on an Intel GPU: OpenVINO's core says that there are two, and has the CPU in their place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genconvit import Detector
from genconvit.core.errors import ConfigError
from genconvit.doctor import _devices
from genconvit.runtimes import openvino_file, openvino_runtime

pytest.importorskip("openvino", reason="the extra openvino is not installed")

NAMES = {"GPU.0": "Intel(R) Iris(R) Xe", "GPU.1": "Intel(R) Arc(TM) A770"}
FACES = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8)


class TwoGpus:
    """OpenVINO's core with two GPUs, which keeps what was compiled for them."""

    def __init__(self, core: Any) -> None:
        self.available_devices = ["CPU", *NAMES]
        self.compiled: list[tuple[str, dict[str, object]]] = []
        self.read_model = core.read_model
        self._core = core

    def get_property(self, name: str, key: str) -> str:
        assert key == "FULL_DEVICE_NAME"
        return NAMES[name]

    def compile_model(self, model: Any, name: str, options: dict[str, object]) -> Any:
        self.compiled.append((name, options))
        return self._core.compile_model(model, "CPU", options)


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> TwoGpus:
    core = TwoGpus(openvino_file.core())
    monkeypatch.setattr(openvino_file, "core", lambda: core)
    monkeypatch.setattr(openvino_runtime, "core", lambda: core)
    return core


def opened(path: Path, device: str) -> Detector:
    return Detector(weights=path, face_detector="mtcnn", device=device)


@pytest.mark.parametrize(("device", "name"), [("xpu", "GPU.0"), ("xpu:1", "GPU.1")])
def test_networks_run_on_the_gpu_that_was_named(xml_path: Path, gpus: TwoGpus, device: str, name: str) -> None:
    with opened(xml_path, "cpu") as there:
        wanted = there.score_faces(FACES).fake_probability
    with opened(xml_path, device) as detector:
        found = detector.score_faces(FACES).fake_probability
        provenance = detector._open().parts.provenance
        assert detector._open().parts.finder._device == "cpu"
    assert np.array_equal(found, wanted)
    assert (provenance.device, provenance.runtime, provenance.precision) == (device, "openvino", "fp32")
    (_, on_cpu), (got, options) = gpus.compiled
    assert got == name
    assert "INFERENCE_NUM_THREADS" in on_cpu
    assert options == {"INFERENCE_PRECISION_HINT": "f32"}


def test_a_gpu_that_openvino_does_not_find_is_an_error(xml_path: Path, gpus: TwoGpus) -> None:
    with pytest.raises(ConfigError, match="OpenVINO finds 2 Intel GPUs here, so device 'xpu:2' is none; install"):
        opened(xml_path, "xpu:2")
    gpus.available_devices = ["CPU"]
    with pytest.raises(ConfigError, match="OpenVINO finds 0 Intel GPUs here, so device 'xpu' is none"):
        opened(xml_path, "xpu")


@pytest.mark.usefixtures("gpus")
def test_doctor_names_them() -> None:
    found = {each.name: each.detail for each in _devices()}
    assert (found["xpu:0"], found["xpu:1"]) == tuple(f"{name}, in OpenVINO" for name in NAMES.values())
    assert "gpu" not in found
