"""Memory that a variant takes, measured while it runs alone."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from genconvit.core.device import AnyDevice

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_CLEAR_PEAK = "5"
_BYTES_IN_MB = 1e6


@dataclass
class Peak:
    """The most memory that a block took.

    Attributes:
        megabytes: peak in MB (10^6 bytes): of the GPU, what torch had in use; of a CPU, the process's resident memory
            with the libraries in it, on Linux. None before the block has ended, and where it cannot be measured.
    """

    megabytes: float | None = None


@contextmanager
def measured_peak(device: AnyDevice) -> Iterator[Peak]:
    """Measure what happens in the block, one block of a process at a time."""
    peak = Peak()
    gc.collect()
    can_tell = _reset_peak(device)
    yield peak
    peak.megabytes = _peak_mb(device) if can_tell else None


def _reset_peak(device: AnyDevice) -> bool:
    """Begin a new peak, and tell whether it can be told from an older one."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return True
    try:
        _CLEAR.write_text(_CLEAR_PEAK)
    except OSError:
        return False
    return device.type == "cpu"


def _peak_mb(device: AnyDevice) -> float | None:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / _BYTES_IN_MB
    for line in _STATUS.read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / _BYTES_IN_MB
    return None
