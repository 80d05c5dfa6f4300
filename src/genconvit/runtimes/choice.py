"""Choice of the runtime that runs a network: by a rule over what is there, never by a measurement."""

from __future__ import annotations

import importlib.util
import platform
from typing import Literal

from genconvit.core.device import AnyDevice, PrecisionChoice, resolve_precision

Runtime = Literal["torch", "onnxruntime", "openvino"]
RuntimeChoice = Literal["auto", "torch", "onnxruntime", "openvino"]

EXPORTERS = ("onnx", "onnxscript", "onnxruntime")
"""Modules that an export needs."""

_X86 = ("x86_64", "AMD64")


def resolve_runtime(
    choice: RuntimeChoice, device: AnyDevice, precision: PrecisionChoice, *, ships: bool = False, compiles: bool = False
) -> Runtime:
    """Give the runtime of a choice; ``auto`` follows this rule, of which the first line that holds decides.

    1. The device is no CPU: ``torch``, for exported files run on CPUs best.
    2. The networks are to run in bf16, or through ``torch.compile``: ``torch``, for exported files do neither.
    3. An exported file of the weights ships with the library: ``onnxruntime`` where it is installed, else ``torch``.
       A start counts for more there than the speed of a small network: importing PyTorch takes longer than the network
       takes for hundreds of faces.
    4. The processor computes in bf16, and no other precision was asked for: ``torch``, for exported files are in fp32.
    5. The packages that an export needs are not installed (the extra ``onnx``): ``torch``.
    6. OpenVINO is installed (the extra ``openvino``) and the processor is an x86: ``openvino``.
    7. Otherwise ``onnxruntime``.

    Args:
        choice: runtime that was asked for.
        device: device that the networks run on.
        precision: precision of the networks, as it was asked for.
        ships: True where an exported file of the weights ships with the library.
        compiles: True where ``torch.compile`` or CUDA graphs were asked for.
    """
    if choice != "auto":
        return choice
    if device.type != "cpu" or precision == "bf16" or compiles:
        return "torch"
    if ships:
        return "onnxruntime" if _is_installed("onnxruntime") else "torch"
    if resolve_precision(precision, device) != "fp32" or not all(map(_is_installed, EXPORTERS)):
        return "torch"
    return "openvino" if _is_installed("openvino") and platform.machine() in _X86 else "onnxruntime"


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
