"""A reader whose files are parsed in worker processes."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import ClassVar

from genconvit.core.errors import (
    ConfigError,
    DecoderCrashError,
    GenConViTError,
    SourceAccessError,
    SourceError,
    SourceLimitError,
)
from genconvit.core.fork import Owner
from genconvit.core.types import Frame
from genconvit.isolation.decoders import importable_name, why_not_isolated
from genconvit.isolation.incoming import Incoming
from genconvit.isolation.limits import IsolationLimits, Stopwatch
from genconvit.isolation.messages import Message, MessageError
from genconvit.isolation.pool import WorkerPool
from genconvit.isolation.process import WorkerProcess
from genconvit.video.base import VideoDecoder
from genconvit.video.names import Source, path_of, source_name
from genconvit.video.readers import Reader, Reading, ThreadReader
from genconvit.video.reading import Event
from genconvit.video.sampling import FrameChoice

MOST_GIVEN = 8000
"""Most frames that are asked for by index at once; an order holds no more."""

_GOODBYE_SECONDS = 0.5
_LONGEST_PATH = 4200


class IsolatedReader(Reader):
    """Reads files, images and folders of frames in worker processes, and frames in memory in threads of this one.

    A file that crashes its decoder, or takes more time or memory than the limits, ends as a ``SourceError``; its worker
    is replaced. Workers are started when they are first needed. A decoder is made anew in each, from its class without
    arguments.

    Args:
        decoders: tried in turn for a video.
        choice: choice of frames.
        limits: limits of one file.
        workers: number of worker processes that there may be, at least 1; so many readings may be under way at once,
            and ``start`` waits while there are.
        square_pixels: stretch frames whose pixels are not square.

    Raises:
        ConfigError: worker processes cannot be had on this platform, or for these decoders.
    """

    isolated: ClassVar[bool] = True

    def __init__(
        self,
        decoders: Sequence[VideoDecoder],
        choice: FrameChoice,
        limits: IsolationLimits,
        workers: int,
        *,
        square_pixels: bool = True,
    ) -> None:
        why_not = why_not_isolated(decoders)
        if why_not:
            raise ConfigError(f"{why_not}; isolate=False (--no-isolate) reads in this process")
        if workers < 1:
            raise ConfigError(f"workers is {workers}; allowed are 1 and above: leave it out for a number that fits")
        self.at_once = workers
        self._choice = choice
        self._limits = limits
        self._openings = max(1, len(decoders))
        self._threads = ThreadReader(decoders, choice, square_pixels=square_pixels)
        names = [importable_name(decoder) for decoder in decoders]
        start = partial(WorkerProcess, names, limits.memory_limit_mb, square_pixels=square_pixels)
        self._pool = WorkerPool(start, workers)

    def start(self, source: Source, choice: FrameChoice | None = None) -> Reading:
        """Begin to read a source in a worker, once one is idle.

        Raises:
            SourceError: its path is relative, and this process's folder is gone.
            ConfigError: the system starts no process, or more frames are given than ``MOST_GIVEN``.
            GenConViTError: the reader is closed.
        """
        path = path_of(source)
        if path is None:
            return self._threads.start(source, choice)
        return _IsolatedReading(
            source_name(source), _order(path, choice or self._choice), self._openings, self._pool, self._limits
        )

    def close(self) -> None:
        """End the workers; readings under way fail."""
        self._pool.close()


class _IsolatedReading(Reading):
    def __init__(self, name: str, order: Message, openings: int, pool: WorkerPool, limits: IsolationLimits) -> None:
        self._name = name
        self._limits = limits
        self._turn = threading.RLock()
        self._closing = False
        self._owner = Owner()
        self._lent: int | None = None
        self._worker = pool.take()
        self._lease = weakref.finalize(self, pool.give_back, self._worker)
        self._incoming = Incoming(name, openings, self._worker.image)
        self._stopwatch = Stopwatch(limits.time_limit_seconds)
        with suppress(EOFError):  # the first event asked for finds out why
            self._worker.read(order)

    def __iter__(self) -> Iterator[Event]:
        while (event := self._next()) is not None:
            yield event

    def close(self) -> None:
        if not self._owner.is_here:
            return
        self._closing = True
        if not self._turn.acquire(blocking=False):  # another thread waits for an event
            self._worker.kill()
            self._turn.acquire()
        try:
            if self._lease.alive:
                self._stop()
        finally:
            self._lease()
            self._turn.release()

    def _next(self) -> Event | None:
        self._owner.refuse_fork("what is under way")
        with self._turn:
            if not self._lease.alive:
                return None
            try:
                event = self._event()
            except EOFError as error:
                if self._closing:
                    return None
                raise self._failed(*self._worker.end_of()) from error
            except TimeoutError as error:
                limit = self._limits.time_limit_seconds
                reason = f"its decoder did not answer within the time limit of {limit:g} s"
                raise self._failed(SourceLimitError, reason) from error
            except MessageError as error:
                raise self._failed(DecoderCrashError, "its decoder's process sent what is not allowed") from error
            except GenConViTError:
                self._lease()
                if self._closing:  # by another thread, while the worker still started
                    return None
                raise
            if event is None:
                self._lease()
            return event

    def _event(self) -> Event | None:
        if not self._worker.is_ready:
            self._worker.await_start()
            self._stopwatch.restart()
        if self._lent is not None:
            self._worker.send({"kind": "free", "slot": self._lent})
            self._lent = None
        waited = False
        try:
            message = self._worker.receive(0)
        except TimeoutError:
            waited = True
            message = self._worker.receive(self._stopwatch.left)
        event = self._incoming.event(message)
        self._stopwatch.stop(delivered=isinstance(event, Frame), waited=waited)
        if isinstance(event, Frame):
            self._lent = message["slot"]
        return event

    def _failed(self, kind: type[SourceError], reason: str) -> SourceError:
        self._worker.idle = False
        self._lease()
        return kind(self._name, reason)

    def _stop(self) -> None:
        """Let the worker end what it does, if that takes but a moment."""
        deadline = time.monotonic() + _GOODBYE_SECONDS
        with suppress(EOFError, TimeoutError, MessageError):
            self._worker.send({"kind": "stop"})
            while not self._worker.idle and time.monotonic() < deadline:
                self._worker.receive(max(0.0, deadline - time.monotonic()))


def _order(path: str, choice: FrameChoice) -> Message:
    """The order to read a path as this process would; one that no system takes is cut short, to fail as too long."""
    if len(choice.indices) > MOST_GIVEN:
        raise ConfigError(f"{len(choice.indices)} frames are asked for by index; at most {MOST_GIVEN} are read at once")
    try:
        folder = None if Path(path).is_absolute() else str(Path.cwd())
    except OSError as error:
        raise SourceAccessError(source_name(path), "no such file; the current folder is gone") from error
    return {
        "kind": "read",
        "path": path[:_LONGEST_PATH],
        "folder": folder,
        "choice": [choice.kind, choice.value, list(choice.indices)],
    }
