from __future__ import annotations

import platform

import pytest
import torch

from genconvit.core.device import Device, PrecisionChoice
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


@pytest.mark.parametrize("precision", ["auto", "fp32", "int8"])
@pytest.mark.parametrize("name", ["auto", "openvino"])
def test_openvino_runs_networks_on_an_intel_gpu(name: RuntimeChoice, precision: PrecisionChoice) -> None:
    assert resolve_runtime(name, Device("xpu:1"), precision, ships=True) == "openvino"


@pytest.mark.parametrize(
    ("name", "precision", "compiles", "said"),
    [
        ("torch", "auto", False, "got runtime 'torch' in precision 'auto'; leave these out"),
        ("onnxruntime", "int8", False, "got runtime 'onnxruntime' in precision 'int8';"),
        ("auto", "bf16", False, "got runtime 'auto' in precision 'bf16';"),
        ("auto", "fp32", True, "got runtime 'auto' in precision 'fp32', compiled;"),
    ],
)
def test_nothing_else_runs_on_an_intel_gpu(
    name: RuntimeChoice, precision: PrecisionChoice, compiles: bool, said: str
) -> None:
    with pytest.raises(ConfigError, match=f"device 'xpu' is an Intel GPU.*{said}"):
        resolve_runtime(name, Device("xpu"), precision, compiles=compiles)


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
