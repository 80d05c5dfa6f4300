"""Second stage of a run: a worker that loads the networks once and makes results of faces."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator

from genconvit.assemble import assemble
from genconvit.core.errors import DecoderCrashError
from genconvit.pipeline.outcome import Cropped, Outcome
from genconvit.pipeline.run import score_faces
from genconvit.portable import PortableConfig
from genconvit.results.result import VideoResult
from genconvit.results.write import json_line
from genconvit.scale.attempts import Attempts
from genconvit.scale.options import ScaleOptions
from genconvit.scale.tasks import Columns, column_of, faces_of
from genconvit.verdict.conclude import conclude


class ScoreFaces:
    """Makes results of the faces that ``FindFaces`` found, in the batches in which one process would score them.

    Args:
        portable: config of the detector.
        options: limits of the run.
        attempts: gives what counts the workers that die.
    """

    def __init__(self, portable: PortableConfig, options: ScaleOptions, attempts: Callable[[], Attempts]) -> None:
        self._config = portable.open()
        self._parts = assemble(self._config)
        self._options = options
        self._attempts = attempts()

    def __call__(self, rows: Columns) -> Columns:
        """Give the result of each row, as JSON as in a file of results, and what is looked for in it."""
        keys = [int(key) for key in rows["key"]]
        deaths = self._attempts.deaths(keys)
        results: list[VideoResult] = []
        for key, found, died in zip(keys, rows["found"], deaths, strict=True):
            outcome, crops = faces_of(found)
            if died >= self._options.deaths:
                reason = f"given up: {died} workers died while the networks ran on its faces"
                outcome.scores, outcome.error = None, DecoderCrashError("", reason)
            self._attempts.begin(key)
            results.append(self._result(outcome, crops))
            self._attempts.end(key)
        scored: Columns = {
            "key": keys,
            "source": [result.source for result in results],
            "status": [result.status for result in results],
            "reason": column_of([result.reason for result in results]),
            "fake_probability": [_number(result.fake_probability) for result in results],
            "result": list(map(json_line, results)),
        }
        return {**scored, "kept": list(rows["kept"])} if "kept" in rows else scored

    def _result(self, outcome: Outcome, crops: list[Cropped]) -> VideoResult:
        parts, readers = self._parts, self._parts.readers
        if outcome.scores is not None:
            for _ in score_faces(parts.scorer, _replayed(outcome, crops)):
                pass
            outcome.scores.notes += filter(None, [readers.note])
        isolated = readers.for_many(iter(())).isolated
        return conclude(outcome, parts.provenance, self._config, parts.rule, isolated=isolated)


def _number(probability: float | None) -> float:
    return math.nan if probability is None else probability


def _replayed(outcome: Outcome, crops: list[Cropped]) -> Generator[Cropped | Outcome, None, None]:
    yield from crops
    yield outcome
