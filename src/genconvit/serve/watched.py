"""The reading of one job's source: counts its frames, and ends early where the job is cancelled or takes too long."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

from genconvit.core.errors import SourceError
from genconvit.core.types import Frame
from genconvit.serve.stored import StoredJob
from genconvit.video.readers import Reading
from genconvit.video.reading import Event, SourceOpened
from genconvit.video.timed import TimedReading


class Flight:
    """A job that was begun, from its source's reading to its result; safe to call from several threads.

    Args:
        job: the job.
        path: path of its source.
        most_seconds: seconds that the reading may take.

    Attributes:
        job: the job.
        path: path of its source.
    """

    def __init__(self, job: StoredJob, path: Path, most_seconds: float) -> None:
        self.job = job
        self.path = path
        self.most_seconds = most_seconds
        self.cancelled = threading.Event()
        self._searched = 0
        self._chosen = 0
        self._reading: Reading | None = None

    @property
    def progress(self) -> float:
        """Share of the chosen frames that were searched for faces, from 0 to 1."""
        return min(self._searched / self._chosen, 1.0) if self._chosen else 0.0

    def watch(self, reading: Reading) -> Reading:
        """Stand over the reading of its source."""
        self._reading = reading
        if self.cancelled.is_set():
            reading.close()
        return WatchedReading(TimedReading(reading, self.job.name, self.most_seconds), self)

    def cancel(self) -> None:
        """End the reading; what waits for it sees a source that cannot be read."""
        self.cancelled.set()
        if self._reading is not None:
            self._reading.close()

    def note(self, event: Event) -> None:
        """Count an event that was used."""
        if isinstance(event, SourceOpened):
            self._searched, self._chosen = 0, event.chosen_count
        elif isinstance(event, Frame):
            self._searched += 1


class WatchedReading(Reading):
    """Events of another reading.

    Args:
        reading: reading that is watched.
        flight: job that it is of.
    """

    def __init__(self, reading: Reading, flight: Flight) -> None:
        self._reading = reading
        self._flight = flight

    def __iter__(self) -> Iterator[Event]:
        flight = self._flight
        for event in self._reading:
            if flight.cancelled.is_set():
                break
            yield event
            flight.note(event)
        if flight.cancelled.is_set():
            raise SourceError(flight.job.name, "its job was cancelled")

    def close(self) -> None:
        """End the reading; more than once is fine."""
        self._reading.close()
