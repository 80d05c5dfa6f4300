from __future__ import annotations

import platform

import pytest
import torch

from genconvit.core.device import PrecisionChoice
from genconvit.core.errors import ConfigError
from genconvit.runtimes import choice
from genconvit.runtimes.choice import Runtime, RuntimeChoice, resolve_runtime

CPU, GPU = torch.device("cpu"), torch.device("cuda")
ALL = {"onnx", "onnxscript", "onnxruntime", "openvino"}


@pytest.mark.parametrize("name", ["torch", "onnxruntime", "openvino"])
def test_a_runtime_by_name_is_taken_as_it_is(name: RuntimeChoice) -> None:
    assert resolve_runtime(name, GPU, "bf16") == name


def test_int8_takes_a_runtime_that_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    for installed, runtime in ((ALL, "openvino"), (ALL - {"openvino"}, "onnxruntime"), (set(), "onnxruntime")):
        monkeypatch.setattr(choice, "_is_installed", installed.__contains__)
        assert resolve_runtime("auto", CPU, "int8") == runtime


def test_int8_runs_neither_in_pytorch_nor_on_a_gpu() -> None:
    with pytest.raises(
        ConfigError, match="'int8' is for the runtimes 'onnxruntime' and 'openvino', got runtime 'torch'"
    ):
        resolve_runtime("torch", CPU, "int8")
    with pytest.raises(ConfigError, match="'int8' runs on the cpu, got cuda; use device='cpu', or precision='bf16'"):
        resolve_runtime("auto", GPU, "int8")


@pytest.mark.parametrize(
    ("device", "auto", "installed", "machine", "runtime"),
    [
        (CPU, "fp32", ALL, "x86_64", "openvino"),
        (CPU, "fp32", ALL, "aarch64", "onnxruntime"),
        (CPU, "fp32", ALL - {"openvino"}, "x86_64", "onnxruntime"),
        (CPU, "fp32", ALL - {"onnxscript"}, "x86_64", "torch"),
        (CPU, "bf16", ALL, "x86_64", "torch"),
        (GPU, "fp32", ALL, "x86_64", "torch"),
    ],
)
def test_the_rule_of_auto(
    monkeypatch: pytest.MonkeyPatch,
    device: torch.device,
    auto: str,
    installed: set[str],
    machine: str,
    runtime: Runtime,
) -> None:
    monkeypatch.setattr(choice, "_is_installed", installed.__contains__)
    monkeypatch.setattr(choice, "resolve_precision", lambda *_: auto)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert resolve_runtime("auto", device, "auto") == runtime


@pytest.mark.parametrize("processor", ["fp32", "bf16"])
@pytest.mark.parametrize(
    ("device", "precision", "compiles", "installed", "runtime"),
    [
        (CPU, "auto", False, ALL, "onnxruntime"),
        (CPU, "fp32", False, {"onnxruntime"}, "onnxruntime"),
        (CPU, "auto", False, {"openvino"}, "torch"),
        (CPU, "bf16", False, ALL, "torch"),
        (CPU, "auto", True, ALL, "torch"),
        (GPU, "auto", False, ALL, "torch"),
    ],
)
def test_a_file_that_ships_runs_in_onnxruntime_on_a_cpu(
    monkeypatch: pytest.MonkeyPatch,
    processor: str,
    device: torch.device,
    precision: PrecisionChoice,
    compiles: bool,
    installed: set[str],
    runtime: Runtime,
) -> None:
    monkeypatch.setattr(choice, "_is_installed", installed.__contains__)
    monkeypatch.setattr(choice, "resolve_precision", lambda *_: processor)
    assert resolve_runtime("auto", device, precision, ships=True, compiles=compiles) == runtime
