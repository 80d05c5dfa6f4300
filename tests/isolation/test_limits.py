"""A file's time is counted while its decoder is busy."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from genconvit.isolation.limits import IsolationLimits, Stopwatch


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_time_runs_until_an_event_is_taken() -> None:
    clock = Clock()
    watch = Stopwatch(10, clock)
    clock.now += 4
    assert watch.left == 6
    watch.stop(delivered=False, waited=True)
    clock.now += 5
    assert watch.left == 1
    clock.now += 5
    assert watch.left == 0


def test_an_event_that_was_there_took_no_time() -> None:
    clock = Clock()
    watch = Stopwatch(10, clock)
    for _ in range(5):
        clock.now += 9
        watch.stop(delivered=True, waited=False)
    assert watch.left == 10


def test_each_fifteen_frames_delivered_buy_the_time_again() -> None:
    clock = Clock()
    watch = Stopwatch(10, clock)
    watch.stop(delivered=False, waited=True)
    for _ in range(14):
        watch.stop(delivered=True, waited=True)
    assert watch.left == 10
    watch.stop(delivered=True, waited=True)
    assert watch.left == 20


def test_a_restart_forgets_what_was_before() -> None:
    clock = Clock()
    watch = Stopwatch(10, clock)
    clock.now += 60
    watch.restart()
    assert watch.left == 10


@pytest.mark.parametrize(
    "wrong",
    [{"time_limit_seconds": 0}, {"time_limit_seconds": float("inf")}, {"memory_limit_mb": 8}, {"memory_limit_mb": 1e9}],
    ids=str,
)
def test_limits_have_bounds(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        IsolationLimits.model_validate(wrong)
