"""Choice of the reader of a source: in this process, or in workers that a broken file cannot take it along with."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from functools import partial

from genconvit.core.addresses import is_remote
from genconvit.core.cores import usable_cores
from genconvit.core.errors import ConfigError
from genconvit.isolation.decoders import why_not_isolated
from genconvit.isolation.limits import IsolationLimits
from genconvit.isolation.reader import IsolatedReader
from genconvit.video.base import VideoDecoder
from genconvit.video.given import GivenSource
from genconvit.video.names import Source, is_folder, path_of
from genconvit.video.readers import Reader, ThreadReader
from genconvit.video.sampling import FrameChoice

_MOST_WORKERS = 16


class Readers:
    """The readers of a detector; workers are started when they are first needed.

    Args:
        decoders: tried in turn for a video.
        choice: choice of frames.
        limits: limits of a worker.
        isolate: always or never use workers; None uses them for several sources, for folders of frames, and for what
            comes from other machines.
        workers: number of workers; None is one for every two cores, at least 2.
        square_pixels: stretch frames whose pixels are not square.

    Raises:
        ConfigError: workers were asked for and cannot be had, on this platform or for these decoders.
    """

    def __init__(
        self,
        decoders: Sequence[VideoDecoder],
        choice: FrameChoice,
        limits: IsolationLimits,
        *,
        isolate: bool | None,
        workers: int | None,
        square_pixels: bool = True,
    ) -> None:
        self._isolate = isolate
        self._threads = ThreadReader(decoders, choice, square_pixels=square_pixels)
        self._workers = workers or min(max(usable_cores() // 2, 2), _MOST_WORKERS)
        self._isolated_reader = partial(
            IsolatedReader, decoders, choice, limits, self._workers, square_pixels=square_pixels
        )
        self._isolated: IsolatedReader | None = None
        self._starting = threading.Lock()
        self._why_not = why_not_isolated(decoders) if isolate is not False else None
        if isolate and self._why_not:
            raise ConfigError(f"isolate=True (--isolate) cannot be had: {self._why_not}; leave it out")

    @property
    def note(self) -> str | None:
        """Note in a result that was read in this process although it should not have been; None where it is fine."""
        return self._why_not and f"not isolated: {self._why_not}"

    def for_one(self, source: Source) -> Reader:
        """The reader for a single source."""
        alone = self._isolate is None and (is_folder(source) or _is_from_elsewhere(source))
        return self._reader(isolated=bool(self._isolate) or alone)

    def for_many(self, sources: Iterable[Source]) -> Reader:
        """The reader for sources, which are not looked at but for their number."""
        if isinstance(sources, Sequence) and len(sources) == 1:
            return self.for_one(sources[0])
        return self._reader(isolated=self._isolate is not False)

    def close(self) -> None:
        """End the workers; more than once is fine."""
        with self._starting:
            if self._isolated is not None:
                self._isolated.close()
                self._isolated = None

    def _reader(self, *, isolated: bool) -> Reader:
        if not isolated or self._why_not:
            return self._threads
        with self._starting:
            if self._isolated is None:
                self._isolated = self._isolated_reader()
            return self._isolated


def _is_from_elsewhere(source: Source) -> bool:
    path = path_of(source)
    return (path is not None and is_remote(path)) or (isinstance(source, GivenSource) and source.remote is not None)
