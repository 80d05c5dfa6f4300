"""First stage of a run: a worker that decodes sources and finds their faces."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from genconvit.assemble import assemble_finding
from genconvit.core.errors import DecoderCrashError, SourceAccessError, SourceError, SourceLimitError
from genconvit.credentials.reader import CredentialsReader
from genconvit.inputs.fetch import RemoteFiles
from genconvit.inputs.options import RemoteOptions
from genconvit.pipeline.outcome import Cropped, Outcome
from genconvit.pipeline.run import find_faces
from genconvit.portable import PortableConfig
from genconvit.results.provenance import RemoteObject
from genconvit.scale.attempts import Attempts
from genconvit.scale.opened import Opened
from genconvit.scale.options import ScaleOptions
from genconvit.scale.tasks import Columns, Task, bytes_of, faces_row, tasks_of
from genconvit.scale.watchdog import Watchdog
from genconvit.video.given import GivenSource
from genconvit.video.names import Source
from genconvit.video.readers import Reader, Reading
from genconvit.video.timed import TimedReading

Found = tuple[Outcome, list[Cropped]]
"""A source's outcome, and its faces on their way to the networks."""


class FindFaces:
    """Finds the faces of sources; each worker of Ray's has one, and opens its parts once.

    A source at which a worker has died is read alone, with nothing beside it, so that no other source is blamed for the
    next death. After as many deaths as are allowed it is not read again.

    Args:
        portable: config of the detector.
        opened: detector as a worker of the networks opened it.
        options: limits of the run.
        attempts: gives what counts the workers that die.
        remote: limits of files on other machines.
    """

    def __init__(
        self,
        portable: PortableConfig,
        opened: Opened,
        options: ScaleOptions,
        attempts: Callable[[], Attempts],
        remote: RemoteOptions | None = None,
    ) -> None:
        config = portable.open().model_copy(update={"device": "cpu"})  # GPUs are for the networks
        finding = assemble_finding(config, opened.runtime)
        self._finder = finding.finder([opened.cut], config)
        self._readers = finding.readers
        self._credentials = CredentialsReader(config.trust_list, config) if config.credentials else None
        self._options = options
        self._attempts = attempts()
        self._files = RemoteFiles(remote)

    def __call__(self, rows: Columns) -> Iterator[Columns]:
        """Yield a row with the faces of each source, in their order: Ray skips what a worker yielded before it died."""
        tasks = tasks_of(rows)
        deaths = self._attempts.deaths([task.key for task in tasks])
        for died, group in groupby(zip(tasks, deaths, strict=True), key=itemgetter(1)):
            some = [task for task, _ in group]
            if died >= self._options.deaths:
                yield from (faces_row(task, given_up(task, died), ()) for task in some)
            else:
                for together in [[task] for task in some] if died else [some]:
                    yield from self._rows(together)

    def _rows(self, tasks: Sequence[Task]) -> Iterator[Columns]:
        done = 0
        while done < len(tasks):
            for outcome, crops in self._found(tasks[done:]):
                task = tasks[done]
                done += 1
                outcome.source = GivenSource(task.path, task.name, task.manifest, _remote_of(outcome.source))
                self._attempts.end(task.key)
                yield faces_row(task, outcome, crops)

    def _found(self, tasks: Sequence[Task]) -> Iterator[Found]:
        """Yield the faces of sources, in their order, up to the first one that breaks the search or takes too long."""
        read = self._credentials.read if self._credentials else None
        with tempfile.TemporaryDirectory(prefix="genconvit-") as folder:
            begun = (self._begun(task, Path(folder)) for task in tasks)
            found = find_faces(self._finder, self._reader(), self._files.each(begun), read, self._timed)
            with closing(found) as items, Watchdog(2 * self._options.video_limit_seconds) as watchdog:
                try:
                    yield from self._gathered(items, watchdog)
                except SourceLimitError as error:
                    yield Outcome("", error=error), []
                except Exception as error:
                    reason = f"the search for faces failed ({type(error).__name__})"
                    yield Outcome("", error=SourceError("", reason)), []

    def _timed(self, reading: Reading) -> Reading:
        return TimedReading(reading, "", self._options.video_limit_seconds)

    def _gathered(self, items: Generator[Cropped | Outcome, None, None], watchdog: Watchdog) -> Iterator[Found]:
        crops: list[Cropped] = []
        taken, most = 0, self._options.crops_limit_mb
        for item in items:
            if isinstance(item, Cropped):
                crops.append(item)
                taken += bytes_of(item)
                if taken > most << 20:
                    reason = f"its faces take more than the limit of {most} MB"
                    raise SourceLimitError("", f"{reason}; look at fewer frames, or score it with the local engine")
                continue
            watchdog.stop()  # waiting until there is room for the row is no fault of a source
            # Where a decoder started over, what it gave before does not count.
            yield item, [crop for crop in crops if crop.scores is item.scores]
            crops, taken = [], 0
            watchdog.restart()

    def _reader(self) -> Reader:
        return self._readers.for_many(iter(()))

    def _begun(self, task: Task, folder: Path) -> Source:
        """Give a source that a worker begins with; bytes are written to a file."""
        self._attempts.begin(task.key)
        path = task.path
        if task.content is not None:
            path = str(folder / str(task.key))
            Path(path).write_bytes(task.content)
        error = SourceAccessError(task.name, task.error) if task.error else None
        return GivenSource(path, task.name, task.manifest, error=error)


def _remote_of(source: Source) -> RemoteObject | None:
    return source.remote if isinstance(source, GivenSource) else None


def given_up(task: Task, deaths: int) -> Outcome:
    """The outcome of a source that ended workers."""
    reason = f"given up: {deaths} workers died at it; look at it alone, with isolate=True (--isolate)"
    return Outcome(GivenSource(task.path, task.name, task.manifest), error=DecoderCrashError(task.name, reason))
