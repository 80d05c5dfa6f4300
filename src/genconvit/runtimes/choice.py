"""Choice of the runtime that runs a network: by a rule over what is there, never by a measurement."""

from __future__ import annotations

import importlib.util
import platform
from typing import Literal

import torch

from genconvit.core.device import PrecisionChoice, resolve_precision
from genconvit.core.errors import ConfigError

Runtime = Literal["torch", "onnxruntime", "openvino"]
RuntimeChoice = Literal["auto", "torch", "onnxruntime", "openvino"]

EXPORTERS = ("onnx", "onnxscript", "onnxruntime")
"""Modules that an export needs."""

_X86 = ("x86_64", "AMD64")


def resolve_runtime(choice: RuntimeChoice | None, device: torch.device, precision: PrecisionChoice) -> Runtime:
    """Give the runtime of a choice; ``auto`` follows this rule, of which the first line that holds decides.

    1. The networks are to run in int8: as from line 5, for PyTorch does not compute in it here.
    2. The device is no CPU: ``torch``, for exported files run on CPUs best.
    3. The networks are to run in bf16, because that was asked for, or because the processor computes in it and nothing
       else was: ``torch``, for exported files are in fp32 or int8.
    4. The packages that an export needs are not installed (the extra ``onnx``): ``torch``.
    5. OpenVINO is installed (the extra ``openvino``) and the processor is an x86: ``openvino``.
    6. Otherwise ``onnxruntime``.

    Args:
        choice: runtime that was asked for; None is ``auto`` for int8, and else ``torch``.
        device: device that the networks run on.
        precision: precision of the networks, as it was asked for.

    Raises:
        ConfigError: int8 was asked for with PyTorch, or on another device than a CPU.
    """
    if precision == "int8":
        return _runtime_of_int8(choice, device)
    if choice != "auto":
        return choice or "torch"
    if device.type != "cpu" or resolve_precision(precision, device) != "fp32":
        return "torch"
    if not all(map(_is_installed, EXPORTERS)):
        return "torch"
    return _fastest()


def _runtime_of_int8(choice: RuntimeChoice | None, device: torch.device) -> Runtime:
    if choice == "torch":
        raise ConfigError(
            "precision 'int8' is for the runtimes 'onnxruntime' and 'openvino', got runtime 'torch'; leave runtime out "
            "(--runtime), or use precision='fp32'"
        )
    if device.type != "cpu":
        raise ConfigError(f"precision 'int8' runs on the cpu, got {device}; use device='cpu', or precision='bf16'")
    return _fastest() if choice in (None, "auto") else choice


def _fastest() -> Runtime:
    return "openvino" if _is_installed("openvino") and platform.machine() in _X86 else "onnxruntime"


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
