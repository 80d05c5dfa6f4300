"""Device and precision that the networks run in. Nothing is replaced silently."""

from __future__ import annotations

from typing import Literal

import torch

from genconvit.core.errors import ConfigError

TorchPrecision = Literal["fp32", "bf16"]
"""Precisions in which PyTorch computes here; int8 is other runtimes'."""

Precision = Literal["fp32", "bf16", "int8"]
PrecisionChoice = Literal["auto", "fp32", "bf16", "int8"]

DTYPES: dict[TorchPrecision, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16}

BATCH_SIZES = {"cpu": 16, "mps": 32, "cuda": 128}
"""The most faces that go through the networks at once, by the kind of device.

A CPU is no faster with more; a GPU is not yet busy with less. Where a GPU has too little memory, the batch is halved.
"""


def resolve_device(name: str) -> torch.device:
    """The torch device of a name: ``auto`` takes CUDA, then Apple's MPS, then the CPU.

    Raises:
        ConfigError: the name is no device, or the device is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"{name!r} is no device; use 'auto', 'cpu', 'cuda', 'cuda:N' or 'mps'") from error
    available = {
        "cpu": device.index in (None, 0),
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": _has_mps(),
    }
    if not available.get(device.type, False):
        raise ConfigError(f"device {name!r} is not available here; use device='auto' or 'cpu'")
    return device


def resolve_precision(choice: PrecisionChoice, device: torch.device) -> Precision:
    """The precision of a choice: ``auto`` takes bf16 where the hardware computes in it, and fp32 elsewhere.

    That is a GPU of the Ampere generation or later, or a CPU with AMX or AVX512-BF16. A CPU without them emulates bf16,
    several times slower than fp32.
    """
    if choice != "auto":
        return choice
    if device.type == "cuda":
        with torch.cuda.device(device):
            return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    return "bf16" if device.type == "cpu" and _cpu_has_bf16() else "fp32"


def is_out_of_memory(error: RuntimeError) -> bool:
    """Tell whether an error says that a device's memory is full, in torch's words or in those of CUDA's libraries."""
    words = ("out of memory", "ALLOC_FAILED", "ALLOCATION_FAILED")
    return isinstance(error, torch.OutOfMemoryError) or any(each in str(error) for each in words)


def _cpu_has_bf16() -> bool:
    capabilities = getattr(torch.cpu, "get_capabilities", None)
    if capabilities is None:  # as in torch 2.11
        return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())
    return any(capabilities().get(name) for name in ("amx_bf16", "avx512_bf16"))


def _has_mps() -> bool:
    return torch.backends.mps.is_available()
