from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from genconvit.core.errors import SourceLimitError
from genconvit.video.readers import Reading
from genconvit.video.reading import Event, SourceOpened
from genconvit.video.timed import TimedReading

EVENT = SourceOpened("pyav", 3, 3, ())


class Events(Reading):
    """Three events without a frame."""

    def __init__(self) -> None:
        self.is_closed = False

    def __iter__(self) -> Iterator[Event]:
        yield from [EVENT] * 3

    def close(self) -> None:
        self.is_closed = True


def test_events_pass_in_time_and_the_reading_is_closed() -> None:
    events = Events()
    with TimedReading(events, "a.mp4", 60) as reading:
        assert list(reading) == [EVENT] * 3
    assert events.is_closed


def test_a_source_without_a_face_ends_at_its_limit_too(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 61.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    reading = iter(TimedReading(Events(), "a.mp4", 60))
    assert next(reading) == EVENT
    with pytest.raises(SourceLimitError, match=r"a\.mp4: reading it took longer than the limit of 60 s"):
        next(reading)
