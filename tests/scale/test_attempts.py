from __future__ import annotations

from genconvit.scale.attempts import Counter


def test_a_worker_that_never_ended_counts_for_others_and_not_for_itself() -> None:
    counter = Counter()
    counter.begin("find", 7, "a")
    counter.begin("find", 7, "a")
    assert counter.deaths("find", [7, 8], "a") == [0, 0]
    assert counter.deaths("find", [7, 8], "b") == [1, 0]
    counter.begin("find", 7, "b")
    assert counter.deaths("find", [7], "c") == [2]


def test_an_end_forgets_the_deaths_before_it() -> None:
    counter = Counter()
    counter.begin("find", 7, "a")
    counter.begin("find", 7, "b")
    counter.end("find", 7)
    assert counter.deaths("find", [7], "c") == [0]


def test_stages_count_apart() -> None:
    counter = Counter()
    counter.begin("find", 7, "a")
    assert counter.deaths("score", [7], "b") == [0]
