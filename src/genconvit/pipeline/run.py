"""The run over many sources: read each, find its faces, score them in batches of one source each, give the outcomes.

Three stages work at the same time, each a bounded number of items ahead of the next: a thread starts readings, a
thread finds faces in their frames and crops them, and the caller's thread scores the crops. Decoding goes on beside
them, in the reader's threads or processes. A few frames and a few batches of crops are in memory, however long a video
is.

The last bits of a face's logits depend on how many faces go through the networks with it. So batches begin anew with
each source: which faces are together follows from the source and the batch size, and never from what is there first.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import nullcontext

from genconvit.core.ahead import Ahead
from genconvit.core.errors import SourceError
from genconvit.pipeline.clips import Clip, batch_of, clip_maker
from genconvit.pipeline.find import FaceFinder
from genconvit.pipeline.outcome import Cropped, FoundFace, Outcome, SourceScores
from genconvit.pipeline.scorer import Scorer
from genconvit.results.credentials import ContentCredentials
from genconvit.video.given import GivenSource
from genconvit.video.names import Source
from genconvit.video.readers import Reader, Reading, WatchReading
from genconvit.video.sources import source_sha256

Started = tuple[Outcome, Reading | None]
"""A source's outcome, still empty, and its reading, if there is one."""

ReadCredentials = Callable[[Source], ContentCredentials]
"""Reads the Content Credentials of a source."""


class Pipeline:
    """Scores sources; safe to call from several threads.

    Args:
        finder: finds and crops faces.
        scorer: the networks.
        credentials: reads the Content Credentials of each source; None reads none.
    """

    def __init__(self, finder: FaceFinder, scorer: Scorer, credentials: ReadCredentials | None = None) -> None:
        self._finder = finder
        self._credentials = credentials
        self.scorer = scorer

    def run(
        self, reader: Reader, sources: Iterable[Source], watch: WatchReading | None = None
    ) -> Generator[Outcome, None, None]:
        """Score sources; their outcomes come in their order, each as soon as it is complete.

        Sources are asked for in another thread, a few ahead.

        Args:
            reader: reader of the sources.
            sources: the sources.
            watch: stands over each reading, called where sources are asked for, before the next one is.

        Raises:
            ConfigError: a source is of a wrong type, or no decoder can be used.
            WeightsError: the networks' answer is not finite.
        """
        yield from score_faces(self.scorer, find_faces(self._finder, reader, sources, self._credentials, watch))


def find_faces(
    finder: FaceFinder,
    reader: Reader,
    sources: Iterable[Source],
    credentials: ReadCredentials | None = None,
    watch: WatchReading | None = None,
) -> Generator[Cropped | Outcome, None, None]:
    """Crops of each source, and then its outcome, complete but for the scores of its crops."""
    started = start_readings(reader, sources, credentials, watch)
    with Ahead(started, "start", room=max(reader.at_once - 1, 1), drop=_close) as readings:
        for outcome, reading in readings:
            with reading or nullcontext():
                try:
                    if reading is not None:
                        yield from finder.find(reading, outcome)
                except SourceError as error:
                    outcome.scores, outcome.error = None, error
            yield outcome


def score_faces(scorer: Scorer, found: Generator[Cropped | Outcome, None, None]) -> Generator[Outcome, None, None]:
    """Outcomes in their order, each as soon as nothing of it is left to score.

    Args:
        scorer: the networks.
        found: generator that ``find_faces`` gave; runs in a thread of its own.

    Raises:
        WeightsError: the networks' answer is not finite.
    """
    with Ahead(found, "faces", room=2 * scorer.batch_size) as ahead:
        yield from _score(scorer, ahead)


def _score(scorer: Scorer, found: Iterable[Cropped | Outcome]) -> Iterator[Outcome]:
    queues: dict[int, SourceQueue] = {}
    for item in found:
        if isinstance(item, Cropped):
            queue = queues.get(id(item.outcome))
            # Where a decoder started over, what it gave before does not count.
            if queue is None or queue.scores is not item.scores:
                queue = queues[id(item.outcome)] = SourceQueue(scorer, item.scores)
            queue.add(item)
            continue
        queue = queues.pop(id(item), None)
        if item.scores is not None:
            if queue is not None and queue.scores is item.scores:
                queue.finish()
            item.scores.notes += scorer.notes
        yield item


class SourceQueue:
    """The faces of one source on their way through the networks, in batches of their own.

    Attributes:
        scores: findings about the source, which the faces' scores go into.
    """

    def __init__(self, scorer: Scorer, scores: SourceScores) -> None:
        self.scores = scores
        self._scorer = scorer
        self._maker = clip_maker(scorer.input_spec.frames)
        self._clips: list[Clip] = []

    def add(self, face: Cropped) -> None:
        """Take a face, and score the batches that it completes."""
        self._take(self._maker.add(face, self.scores.place(FoundFace.of(face.crop, face.quality))))

    def finish(self) -> None:
        """Score the rest."""
        self._take(self._maker.finish())
        self._score()
        self.scores.notes += self._maker.notes()

    def _take(self, clips: Iterable[Clip]) -> None:
        for clip in clips:
            self._clips.append(clip)
            if len(self._clips) >= self._scorer.batch_size:
                self._score()

    def _score(self) -> None:
        clips, self._clips = self._clips, []
        if clips:
            scores = self._scorer.score(batch_of(clips))
            self.scores.fill([clip.rows for clip in clips], scores)


def start_readings(
    reader: Reader,
    sources: Iterable[Source],
    credentials: ReadCredentials | None = None,
    watch: WatchReading | None = None,
) -> Generator[Started, None, None]:
    """Begin a reading of each source, or say in its outcome why it cannot be read."""
    for source in sources:
        outcome = Outcome(source)
        reading = None
        try:
            if isinstance(source, GivenSource) and source.error is not None:
                raise source.error
            if credentials is not None:
                outcome.credentials = credentials(source)
            outcome.sha256 = source_sha256(source)
            reading = reader.start(source)
            reading = watch(reading) if watch else reading
        except SourceError as error:
            outcome.error = error
        del source  # what it leases lives as long as its outcome
        yield outcome, reading


def _close(started: Started) -> None:
    if started[1] is not None:
        started[1].close()
