"""Times of a GPU from a trace of PyTorch's profiler: by kind of kernel, of copies, and how busy it was."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KINDS = {
    "compiled": r"^triton_",
    "non-maximum suppression": r"nms",
    "normalisation": r"norm",
    "attention": r"flash|fmha|attention",
    "convolution": r"conv|fprop|cudnn|implicit|winograd|depthwise",
    "matrix product": r"gemm|cutlass|cublas|nvjet|matmul|linear|addmm",
    "resizing": r"upsample|interpolate|resize|pool",
    "sorting and indexing": r"sort|index|gather|scatter|nonzero|select|scan|cat",
    "elementwise": r"elementwise|vectorized|add|mul|gelu|relu|copy|fill|reduce",
}
"""The kinds of kernels, by what their names hold, in any case; the first that fits counts."""


@dataclass(frozen=True)
class Event:
    """Something that took a while on a device.

    Attributes:
        kind: the trace's own word: ``kernel``, ``gpu_memcpy``, ``gpu_memset``; ``cpu_op`` on a CPU.
        name: name of the kernel, or from where to where something was copied.
        start: start in microseconds.
        duration: duration in microseconds.
        bytes: number of bytes that were copied; 0 for a kernel.
    """

    kind: str
    name: str
    start: float
    duration: float
    bytes: int = 0


def read_trace(path: Path, kinds: Iterable[str]) -> list[Event]:
    """The events of these kinds in a trace in Chrome's format."""
    wanted = set(kinds)
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    return [
        Event(each["cat"], each["name"], each["ts"], each["dur"], int(each.get("args", {}).get("bytes", 0)))
        for each in found
        if each.get("ph") == "X" and each.get("cat") in wanted
    ]


def busy_microseconds(events: Iterable[Event]) -> float:
    """Measure the time for which at least one of the events was under way, in microseconds."""
    busy = end = 0.0
    for event in sorted(events, key=lambda each: each.start):
        start = max(event.start, end)
        end = max(end, event.start + event.duration)
        busy += max(end - start, 0.0)
    return busy


def kind_of(name: str) -> str:
    """The kind of a kernel."""
    return next((kind for kind, pattern in KINDS.items() if re.search(pattern, name, re.IGNORECASE)), "other")


def milliseconds_by_kind(kernels: Iterable[Event]) -> dict[str, float]:
    """The time of all kernels of a kind, the longest first."""
    sums: dict[str, float] = {}
    for each in kernels:
        kind = kind_of(each.name)
        sums[kind] = sums.get(kind, 0.0) + each.duration / 1000
    return dict(sorted(sums.items(), key=lambda item: -item[1]))


def copies(events: Iterable[Event]) -> dict[str, dict[str, float]]:
    """Count the copies each way, such as HtoD from host to device, with their MB and their milliseconds."""
    found: dict[str, dict[str, float]] = {}
    for each in events:
        way = each.name.removeprefix("Memcpy ").split(" ")[0]
        sums = found.setdefault(way, {"times": 0, "megabytes": 0.0, "milliseconds": 0.0})
        sums["times"] += 1
        sums["megabytes"] += each.bytes / 1e6
        sums["milliseconds"] += each.duration / 1000
    return found
