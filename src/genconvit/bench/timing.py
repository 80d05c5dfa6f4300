"""Times of several functions that run in turn, so that a change of the machine's speed hits all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Times:
    """Seconds of each run of each function, by name."""

    runs: Mapping[str, tuple[float, ...]]

    def seconds(self, name: str) -> float:
        """The median time of a function."""
        return statistics.median(self.runs[name])

    def ratio(self, name: str, *floors: str) -> float:
        """The median over the runs of a function's time over that of the slowest of the floors."""
        pairs = zip(self.runs[name], zip(*(self.runs[floor] for floor in floors), strict=True), strict=True)
        return float(statistics.median(seconds / max(others) for seconds, others in pairs))


def time_in_turn(functions: Mapping[str, Callable[[], object]], repeats: int) -> Times:
    """Run each function once to warm up, and then all of them in turn, so many times."""
    for function in functions.values():
        function()
    runs: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            runs[name].append(time.perf_counter() - start)
    return Times({name: tuple(seconds) for name, seconds in runs.items()})
