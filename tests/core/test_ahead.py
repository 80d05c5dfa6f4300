from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator

import pytest

from genconvit.core.ahead import Ahead, begun
from processes import wait_until


class Source:
    """Counts up, and tells how far it is and whether it was closed."""

    def __init__(self, stop: int = 1000, fails_at: int | None = None) -> None:
        self.made = 0
        self.closed_in: str | None = None
        self._stop, self._fails_at = stop, fails_at

    def items(self) -> Generator[int, None, None]:
        try:
            for number in range(self._stop):
                if number == self._fails_at:
                    raise ValueError(f"at {number}")
                self.made += 1
                yield number
        finally:
            self.closed_in = threading.current_thread().name


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert wait_until(lambda: threading.active_count() == before)


def most_made(source: Source, expected: int) -> int:
    """Count the items that a source has made some time after it has made so many as expected."""
    assert wait_until(lambda: source.made >= expected)
    time.sleep(0.05)
    return source.made


def test_items_come_in_their_order() -> None:
    with Ahead(Source(500).items(), "count", room=3) as ahead:
        assert list(ahead) == list(range(500))


def test_no_more_than_the_room_is_made_ahead() -> None:
    source = Source()
    with Ahead(source.items(), "count", room=4) as ahead:
        items = iter(ahead)
        assert next(items) == 0
        assert most_made(source, 6) == 6  # one taken, four that wait, one in hand


def test_an_error_comes_after_the_items_before_it() -> None:
    with Ahead(Source(fails_at=5).items(), "count", room=2) as ahead:
        items = iter(ahead)
        assert [next(items) for _ in range(5)] == [0, 1, 2, 3, 4]
        with pytest.raises(ValueError, match="at 5"):
            next(items)


def test_closing_ends_the_generator_in_its_own_thread() -> None:
    source = Source()
    with Ahead(source.items(), "count", room=2) as ahead:
        next(iter(ahead))
    assert wait_until(lambda: source.closed_in == "genconvit-count")
    assert source.made < 10
    ahead.close()
    assert list(ahead) == []


def test_closing_drops_what_nobody_takes_any_more() -> None:
    source, dropped = Source(), list[int]()
    with Ahead(source.items(), "count", room=3, drop=dropped.append) as ahead:
        assert next(iter(ahead)) == 0
        assert most_made(source, 5) == 5
    assert sorted(dropped) == list(range(1, source.made))


def test_chained_stages_end_together() -> None:
    source = Source()

    def doubled() -> Generator[int, None, None]:
        with Ahead(source.items(), "inner", room=1) as inner:
            for item in inner:
                yield 2 * item

    with Ahead(doubled(), "outer", room=1) as outer:
        items = iter(outer)
        assert [next(items) for _ in range(3)] == [0, 2, 4]
    assert wait_until(lambda: source.closed_in == "genconvit-inner")


def test_a_call_goes_on_in_a_thread_and_its_error_is_that_of_who_waits() -> None:
    go = threading.Event()
    waiting = begun(lambda: (go.wait(60), threading.current_thread().name), "call")
    assert not waiting.done()
    go.set()
    assert waiting.result() == (True, "genconvit-call_0")
    with pytest.raises(ZeroDivisionError):
        begun(lambda: 1 // 0, "call").result()
