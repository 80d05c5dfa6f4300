"""Many sources' way: read each, find its faces, score them in batches that sources share, and hand out the outcomes.

Three stages work at the same time, each a bounded number of items ahead of the next: a thread starts readings, a
thread finds faces in their frames and crops them, and the caller's thread scores the crops. Decoding goes on beside
them, in the reader's threads or processes. A few frames and a few batches of crops are in memory, however long a video
is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import nullcontext
from itertools import groupby

from genconvit.ahead import Ahead
from genconvit.errors import SourceError
from genconvit.find import FaceFinder
from genconvit.outcome import Cropped, FoundFace, Outcome
from genconvit.scorer import Scorer
from genconvit.video.names import Source
from genconvit.video.readers import Reader, Reading
from genconvit.video.sources import source_sha256

_WORTH_A_BATCH = 0.25
"""The share of a full batch from which on one is scored while nothing else is there to do."""

Started = tuple[Outcome, Reading | None]
"""A source's outcome, still empty, and its reading, if there is one."""


class Pipeline:
    """Scores sources; safe to call from several threads.

    Args:
        finder: finds and crops faces.
        scorer: the networks.
    """

    def __init__(self, finder: FaceFinder, scorer: Scorer) -> None:
        self._finder = finder
        self.scorer = scorer

    def run(self, reader: Reader, sources: Iterable[Source]) -> Generator[Outcome, None, None]:
        """Score sources; their outcomes come in their order, each as soon as it is complete.

        Sources are asked for in another thread, a few ahead.

        Raises:
            ConfigError: a source is of a wrong type, or no decoder can be used.
            WeightsError: the networks' answer is not finite.
        """
        yield from score_faces(self.scorer, find_faces(self._finder, reader, sources))


def find_faces(
    finder: FaceFinder, reader: Reader, sources: Iterable[Source]
) -> Generator[Cropped | Outcome, None, None]:
    """Crops of each source, and then its outcome, complete but for the scores of its crops."""
    started = start_readings(reader, sources)
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
        found: what ``find_faces`` yields; runs in a thread of its own.

    Raises:
        WeightsError: the networks' answer is not finite.
    """
    with Ahead(found, "faces", room=2 * scorer.batch_size) as ahead:
        yield from _score(scorer, ahead)


def _score(scorer: Scorer, found: Ahead[Cropped | Outcome]) -> Iterator[Outcome]:
    batch: list[Cropped] = []
    unanswered: deque[Outcome] = deque()
    for item in found:
        if isinstance(item, Outcome):
            unanswered.append(item)
        else:
            batch.append(item)
        full = len(batch) == scorer.batch_size
        enough = isinstance(item, Outcome) or len(batch) >= _WORTH_A_BATCH * scorer.batch_size
        if full or (enough and found.is_dry):
            _score_batch(scorer, batch)
            batch = []
        if not batch:
            yield from _answered(scorer, unanswered)
    _score_batch(scorer, batch)
    yield from _answered(scorer, unanswered)


def _score_batch(scorer: Scorer, batch: list[Cropped]) -> None:
    if not batch:
        return
    scored = scorer.score_crops([each.crop for each in batch])
    start = 0
    for _, group in groupby(batch, key=lambda each: id(each.scores)):
        members = list(group)
        faces = [FoundFace.of(member.crop) for member in members]
        members[0].scores.add(faces, scored.rows(start, start + len(members)))
        start += len(members)


def _answered(scorer: Scorer, unanswered: deque[Outcome]) -> Iterator[Outcome]:
    while unanswered:
        outcome = unanswered.popleft()
        if outcome.scores is not None:
            outcome.scores.notes += scorer.notes
        yield outcome


def start_readings(reader: Reader, sources: Iterable[Source]) -> Generator[Started, None, None]:
    """Begin a reading of each source, or say in its outcome why it cannot be read."""
    for source in sources:
        outcome = Outcome(source)
        reading = None
        try:
            outcome.sha256 = source_sha256(source)
            reading = reader.start(source)
        except SourceError as error:
            outcome.error = error
        yield outcome, reading


def _close(started: Started) -> None:
    if started[1] is not None:
        started[1].close()
