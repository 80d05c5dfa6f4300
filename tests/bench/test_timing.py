from __future__ import annotations

import time

import pytest

from genconvit.bench.timing import Times, time_in_turn


def test_medians_and_ratios_are_taken_pair_by_pair() -> None:
    times = Times({"stage": (2.0, 30.0, 4.0), "floor": (1.0, 10.0, 4.0), "other": (4.0, 5.0, 2.0)})
    assert times.seconds("stage") == 4.0
    assert times.ratio("stage", "floor") == 2.0
    assert times.ratio("stage", "floor", "other") == 1.0


def test_functions_run_in_turn_after_a_warm_up() -> None:
    calls: list[str] = []

    def slow() -> None:
        calls.append("slow")
        time.sleep(0.05)

    times = time_in_turn({"slow": slow, "quick": lambda: calls.append("quick")}, 3)
    assert calls == ["slow", "quick"] * 4
    assert len(times.runs["slow"]) == 3
    assert times.ratio("slow", "quick") > 1
    assert times.seconds("slow") == pytest.approx(0.05, abs=0.5)
