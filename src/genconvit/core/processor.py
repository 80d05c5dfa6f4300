"""Name and flags of the processor, as Linux lists them."""

from __future__ import annotations

import platform
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")


def processor_flags() -> frozenset[str] | None:
    """Give the processor's flags, such as ``avx512_vnni``; None where the system does not list them."""
    try:
        return frozenset((_listed("flags") or "").split())
    except OSError:
        return None


def processor_name() -> str:
    """Give the processor's name, or its kind where the system does not name it."""
    try:
        name = _listed("model name")
    except OSError:
        name = None
    return name or platform.processor() or platform.machine()


def _listed(field: str) -> str | None:
    """The value of a field, for the first core."""
    with _CPU_INFO.open(encoding="utf-8", errors="replace") as lines:
        return next((line.partition(":")[2].strip() for line in lines if line.startswith(field)), None)
