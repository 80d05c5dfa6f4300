"""Which device and precision the networks run in. Nothing is replaced silently."""

from __future__ import annotations

from typing import Literal

import torch

from genconvit.errors import ConfigError

Precision = Literal["fp32", "bf16"]

DTYPES: dict[Precision, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16}


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


def _has_mps() -> bool:
    return torch.backends.mps.is_available()
