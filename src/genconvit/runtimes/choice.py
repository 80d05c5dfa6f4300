"""Choice of the runtime that runs a network: by a rule over what is there, never by a measurement."""

from __future__ import annotations

import importlib.util
import platform
from typing import Literal, get_args

from genconvit.core.device import AnyDevice, PrecisionChoice, resolve_precision
from genconvit.core.errors import ConfigError

Runtime = Literal["torch", "onnxruntime", "openvino"]
RuntimeChoice = Literal["auto", "torch", "onnxruntime", "openvino"]

RUNTIMES: tuple[Runtime, ...] = get_args(Runtime)

EXPORTERS = ("onnx", "onnxscript", "onnxruntime")
"""Modules that an export needs."""

_X86 = ("x86_64", "AMD64")


def resolve_runtime(
    choice: RuntimeChoice, device: AnyDevice, precision: PrecisionChoice, *, ships: bool = False, compiles: bool = False
) -> Runtime:
    """Give the runtime of a choice; ``auto`` follows this rule, of which the first line that holds decides.

    1. The device is an Intel GPU: ``openvino``, which alone runs networks on it.
    2. The networks are to run in int8: as from line 8, for PyTorch does not compute in it here.
    3. The device is no CPU: ``torch``, for exported files run on CPUs best.
    4. The networks are to run in bf16, or through ``torch.compile``: ``torch``, for exported files do neither.
    5. An exported file of the weights ships with the library: ``onnxruntime`` where it is installed, else ``torch``.
       A start counts for more there than the speed of a small network: importing PyTorch takes longer than the network
       takes for hundreds of faces.
    6. The processor computes in bf16, and no other precision was asked for: ``torch``, for exported files are in fp32.
    7. The packages that an export needs are not installed (the extra ``onnx``): ``torch``.
    8. OpenVINO is installed (the extra ``openvino``) and the processor is an x86: ``openvino``.
    9. Otherwise ``onnxruntime``.

    Args:
        choice: runtime that was asked for.
        device: device that the networks run on.
        precision: precision of the networks, as it was asked for.
        ships: True where an exported file of the weights ships with the library.
        compiles: True where ``torch.compile`` or CUDA graphs were asked for.

    Raises:
        ConfigError: int8 was asked for with PyTorch, or on a GPU that is not Intel's; or on an Intel GPU something that
            OpenVINO does not do.
    """
    if device.type == "xpu":
        return _runtime_of_intel_gpu(choice, device, precision, compiles)
    if precision == "int8":
        return _runtime_of_int8(choice, device)
    if choice != "auto":
        return choice
    if device.type != "cpu" or precision == "bf16" or compiles:
        return "torch"
    if ships:
        return "onnxruntime" if _is_installed("onnxruntime") else "torch"
    if resolve_precision(precision, device) != "fp32" or not all(map(_is_installed, EXPORTERS)):
        return "torch"
    return _fastest()


def _runtime_of_intel_gpu(
    choice: RuntimeChoice, device: AnyDevice, precision: PrecisionChoice, compiles: bool
) -> Runtime:
    if choice not in ("auto", "openvino") or precision == "bf16" or compiles:
        compiled = ", compiled" if compiles else ""
        raise ConfigError(
            f"device {str(device)!r} is an Intel GPU, which runtime 'openvino' runs networks on, in fp32 or int8; got "
            f"runtime {choice!r} in precision {precision!r}{compiled}; leave these out, or use another device"
        )
    return "openvino"


def _runtime_of_int8(choice: RuntimeChoice, device: AnyDevice) -> Runtime:
    if choice == "torch":
        raise ConfigError(
            "precision 'int8' is for the runtimes 'onnxruntime' and 'openvino', got runtime 'torch'; leave runtime out "
            "(--runtime), or use precision='fp32'"
        )
    if device.type != "cpu":
        raise ConfigError(f"precision 'int8' runs on the cpu, got {device}; use device='cpu', or precision='bf16'")
    return _fastest() if choice == "auto" else choice


def _fastest() -> Runtime:
    return "openvino" if _is_installed("openvino") and platform.machine() in _X86 else "onnxruntime"


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
