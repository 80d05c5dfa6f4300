"""Choice of the runtime that runs a network: by a rule over what is there, never by a measurement."""

from __future__ import annotations

import importlib.util
import platform
from typing import Literal

import torch

from genconvit.core.device import PrecisionChoice, resolve_precision

Runtime = Literal["torch", "onnxruntime", "openvino"]
RuntimeChoice = Literal["auto", "torch", "onnxruntime", "openvino"]

EXPORTERS = ("onnx", "onnxscript", "onnxruntime")
"""Modules that an export needs."""

_X86 = ("x86_64", "AMD64")


def resolve_runtime(choice: RuntimeChoice, device: torch.device, precision: PrecisionChoice) -> Runtime:
    """Give the runtime of a choice; ``auto`` follows this rule, of which the first line that holds decides.

    1. The device is no CPU: ``torch``, for exported files run on CPUs best.
    2. The networks are to run in bf16, because that was asked for, or because the processor computes in it and nothing
       else was: ``torch``, for exported files are in fp32.
    3. The packages that an export needs are not installed (the extra ``onnx``): ``torch``.
    4. OpenVINO is installed (the extra ``openvino``) and the processor is an x86: ``openvino``.
    5. Otherwise ``onnxruntime``.

    Args:
        choice: runtime that was asked for.
        device: device that the networks run on.
        precision: precision of the networks, as it was asked for.
    """
    if choice != "auto":
        return choice
    if device.type != "cpu" or resolve_precision(precision, device) != "fp32":
        return "torch"
    if not all(map(_is_installed, EXPORTERS)):
        return "torch"
    return "openvino" if _is_installed("openvino") and platform.machine() in _X86 else "onnxruntime"


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
