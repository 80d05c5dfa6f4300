"""Device and precision that the networks run in. Nothing is replaced silently."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from genconvit.core.errors import ConfigError
from genconvit.core.processor import processor_flags

if TYPE_CHECKING:
    import torch

TorchPrecision = Literal["fp32", "bf16"]
"""Precisions in which PyTorch computes here; int8 is other runtimes'."""

Precision = Literal["fp32", "bf16", "int8"]
PrecisionChoice = Literal["auto", "fp32", "bf16", "int8"]

PRECISIONS: tuple[TorchPrecision, ...] = get_args(TorchPrecision)
ALL_PRECISIONS: tuple[Precision, ...] = get_args(Precision)

BATCH_SIZES = {"cpu": 16, "mps": 32, "xpu": 32, "cuda": 128}
"""The most faces that go through the networks at once, by the kind of device.

A CPU is no faster with more; a GPU is not yet busy with less. Where a GPU has too little memory, the batch is halved.
"""

_GPU_FILES = ("nvidia*", "nvhost-gpu", "kfd", "dxg")
"""Files of ``/dev`` that a GPU's driver makes: NVIDIA's, that of its Jetsons, AMD's, and Windows' for Linux."""

_INTEL_GPU = re.compile(r"xpu(:\d{1,3})?")

_DEV = Path("/dev")


class Device(str):
    """A device by its name, which PyTorch takes wherever it takes a ``torch.device``; PyTorch need not be there.

    Examples:
        >>> Device("cuda:1").type, Device("cuda:1").index, Device("cpu").index
        ('cuda', 1, None)
    """

    __slots__ = ()

    @property
    def type(self) -> str:
        """Kind of the device: ``cpu``, ``cuda``, ``mps`` or ``xpu``."""
        return self.partition(":")[0]

    @property
    def index(self) -> int | None:  # type: ignore[override] # a device's, not a text's
        """Number of the device among those of its kind; None where the name has none."""
        number = self.partition(":")[2]
        return int(number) if number else None


AnyDevice: TypeAlias = "Device | torch.device"
"""A device by its name, or PyTorch's own object for it."""


def resolve_device(name: str) -> Device:
    """The device of a name: ``auto`` takes CUDA, then Apple's MPS, then the CPU.

    PyTorch is asked, and so imported, unless the answer is certain: for ``cpu``, and for ``auto`` where Linux has made
    no file for a GPU. An Intel GPU, ``xpu``, is OpenVINO's, which tells whether it is there when it opens a network.

    Raises:
        ConfigError: the name is no device, or the device is not there.
    """
    if name == "cpu" or (name == "auto" and not _may_have_gpu()):
        return Device("cpu")
    if _INTEL_GPU.fullmatch(name):
        return Device(name)
    import torch

    if name == "auto":
        return Device("cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(
            f"{name!r} is no device; use 'auto', 'cpu', 'cuda', 'cuda:N', 'mps', 'xpu' or 'xpu:N'"
        ) from error
    available = {
        "cpu": device.index in (None, 0),
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": _has_mps(),
    }
    if not available.get(device.type, False):
        raise ConfigError(f"device {name!r} is not available here; use device='auto' or 'cpu'")
    return Device(device)


def device_beside(networks: AnyDevice) -> AnyDevice:
    """The device of what runs beside the networks: theirs, but the CPU where OpenVINO has them on an Intel GPU."""
    return Device("cpu") if networks.type == "xpu" else networks


def resolve_precision(choice: PrecisionChoice, device: AnyDevice) -> Precision:
    """The precision of a choice: ``auto`` takes bf16 where the hardware computes in it, and fp32 elsewhere.

    That is a GPU of the Ampere generation or later, or a CPU with AMX or AVX512-BF16. A CPU without them emulates bf16,
    several times slower than fp32.
    """
    if choice != "auto":
        return choice
    if device.type == "cuda":
        import torch

        with torch.cuda.device(device):
            return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    return "bf16" if device.type == "cpu" and _cpu_has_bf16() else "fp32"


def is_out_of_memory(error: RuntimeError) -> bool:
    """Tell whether an error says that a device's memory is full, in torch's words or in those of CUDA's libraries."""
    words = ("out of memory", "ALLOC_FAILED", "ALLOCATION_FAILED")
    known = getattr(sys.modules.get("torch"), "OutOfMemoryError", ())
    return isinstance(error, known) or any(each in str(error) for each in words)


def _may_have_gpu() -> bool:
    """Tell whether PyTorch could find a GPU, by the files of its driver; other systems than Linux do not tell."""
    return sys.platform != "linux" or any(True for name in _GPU_FILES for _ in _DEV.glob(name))


def _cpu_has_bf16() -> bool:
    """Tell whether the CPU computes in bf16: by the flags that Linux lists, elsewhere by PyTorch."""
    flags = processor_flags()
    return _torch_knows_bf16() if flags is None else not {"amx_bf16", "avx512_bf16"}.isdisjoint(flags)


def _torch_knows_bf16() -> bool:
    import torch

    capabilities = getattr(torch.cpu, "get_capabilities", None)
    if capabilities is None:  # as in torch 2.11
        return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())
    return any(capabilities().get(name) for name in ("amx_bf16", "avx512_bf16"))


def _has_mps() -> bool:
    import torch

    return torch.backends.mps.is_available()
