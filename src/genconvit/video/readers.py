"""Readers of sources: they start a reading, which goes on by itself a few frames ahead of its consumer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import ClassVar, TypeAlias

from genconvit.core.ahead import Ahead
from genconvit.core.closeable import Closeable
from genconvit.video.base import VideoDecoder
from genconvit.video.names import Source
from genconvit.video.reading import Event, read_source
from genconvit.video.sampling import FrameChoice

FRAMES_AHEAD = 3
"""Most decoded frames of a source that wait for their consumer."""


class Reading(Closeable):
    """The events of one source that is being read; iterated once, by one thread."""

    @abstractmethod
    def __iter__(self) -> Iterator[Event]:
        """Yield the events of ``read_source``, and raise its errors.

        A frame's image may lie in memory that is used again: it holds until the next event is asked for.
        """


WatchReading: TypeAlias = "Callable[[Reading], Reading]"
"""Stands over a reading that has begun: gives another one with the same events, which it may count or end early."""


class Reader(ABC):
    """Starts readings.

    Attributes:
        at_once: number of readings that may be under way at a time.
        isolated: true where files are parsed in another process.
    """

    at_once: int
    isolated: ClassVar[bool]

    @abstractmethod
    def start(self, source: Source, choice: FrameChoice | None = None) -> Reading:
        """Begin to read a source, in the background.

        Args:
            source: source to read.
            choice: choice of frames; None is the reader's own.
        """

    @abstractmethod
    def close(self) -> None:
        """Release what the reader holds; more than once is fine."""


class ThreadReader(Reader):
    """Reads in threads of this process: the least overhead, and no protection from a decoder that crashes or hangs.

    Args:
        decoders: tried in turn for a video.
        choice: choice of frames.
        square_pixels: stretch frames whose pixels are not square.
    """

    at_once = 2
    isolated = False

    def __init__(self, decoders: Sequence[VideoDecoder], choice: FrameChoice, *, square_pixels: bool = True) -> None:
        self._decoders = decoders
        self._choice = choice
        self._square_pixels = square_pixels

    def start(self, source: Source, choice: FrameChoice | None = None) -> Reading:
        """Begin to read a source in a thread of its own."""
        events = read_source(source, self._decoders, choice or self._choice, square_pixels=self._square_pixels)
        return _ThreadReading(events)

    def close(self) -> None:
        """Nothing is held between readings."""


class _ThreadReading(Reading):
    def __init__(self, events: Generator[Event, None, None]) -> None:
        self._events = Ahead(events, "reading", room=FRAMES_AHEAD)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events)

    def close(self) -> None:
        self._events.close()
