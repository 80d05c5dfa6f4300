"""Flags of the processor: what it computes with, as Linux lists it."""

from __future__ import annotations

from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")


def processor_flags() -> frozenset[str] | None:
    """Give the processor's flags, such as ``avx512_vnni``; None where the system does not list them."""
    try:
        with _CPU_INFO.open() as lines:
            return frozenset(next((line.split() for line in lines if line.startswith("flags")), ()))
    except OSError:
        return None
