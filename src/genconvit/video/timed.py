"""A reading with an end in time."""

from __future__ import annotations

import time
from collections.abc import Iterator

from genconvit.core.errors import SourceLimitError
from genconvit.video.readers import Reading
from genconvit.video.reading import Event


class TimedReading(Reading):
    """Events of another reading, until they and their use take longer than allowed.

    Args:
        reading: the reading.
        name: name of its source.
        most_seconds: seconds from the first event that is asked for.
    """

    def __init__(self, reading: Reading, name: str, most_seconds: float) -> None:
        self._reading = reading
        self._name = name
        self._most_seconds = most_seconds

    def __iter__(self) -> Iterator[Event]:
        """Yield the events.

        Raises:
            SourceLimitError: the time is over.
        """
        begun = time.monotonic()
        for event in self._reading:
            if time.monotonic() - begun > self._most_seconds:
                raise SourceLimitError(self._name, f"reading it took longer than the limit of {self._most_seconds:g} s")
            yield event

    def close(self) -> None:
        """End the reading; more than once is fine."""
        self._reading.close()
