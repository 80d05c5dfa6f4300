from __future__ import annotations

import time

import pytest

from genconvit.bench.timing import Times, time_in_turn


def test_medians_and_ratios_are_taken_pair_by_pair() -> None:
    times = Times({"stage": (2.0, 30.0, 4.0), "floor": (1.0, 10.0, 4.0), "other": (4.0, 5.0, 2.0)})
    assert times.seconds("stage") == 4.0
    assert times.ratio("stage", "floor") == 2.0
    assert times.ratio("stage", "floor", "other") == 1.0


def test_functions_run_in_turn_after_a_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])

    def run(name: str, seconds: float) -> None:
        calls.append(name)
        now[0] += seconds

    times = time_in_turn({"slow": lambda: run("slow", 3.0), "quick": lambda: run("quick", 2.0)}, 3)
    assert calls == ["slow", "quick"] * 4
    assert times.runs == {"slow": (3.0,) * 3, "quick": (2.0,) * 3}
    assert times.ratio("slow", "quick") == 1.5
