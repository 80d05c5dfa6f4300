"""Conventions of a measure: videos without an answer, thresholds, and detectors without labels."""

from __future__ import annotations

from pydantic import Field

from genconvit.core.config import FrozenConfig
from genconvit.core.errors import ConfigError, DatasetError
from genconvit.core.text import printable
from genconvit.evaluation.no_face import NoFace
from genconvit.evaluation.scored import ScoredSet, ScoredVideo
from genconvit.metrics.intervals import Resampling
from genconvit.results.result import Label
from genconvit.verdict.threshold import FprTarget, threshold_for_fpr

FACE_THRESHOLD = 0.5
"""A face is taken for FAKE above it, where no threshold was asked for."""

UNANSWERED = ("no_face", "unreadable")


_STANDS_FOR: dict[NoFace, tuple[float, Label]] = {
    NoFace.real: (0.0, "REAL"),
    NoFace.fake: (1.0, "FAKE"),
    NoFace.half: (0.5, "FAKE"),
}


class EvaluationOptions(FrozenConfig):
    """Options of the evaluation of a set."""

    no_face: NoFace = NoFace.excluded
    """Label that videos without an answer count as."""

    threshold: float | FprTarget | None = None
    """Score above which a video is FAKE; None leaves the labels as they were given."""

    resampling: Resampling = Field(default_factory=Resampling)
    """Way in which intervals are made."""

    by: tuple[str, ...] | None = None
    """The keys of the groups to evaluate; None for all that there are."""


def resolve_threshold(scored: ScoredSet, threshold: float | FprTarget | None) -> float | None:
    """The threshold as a number; one for a false positive rate rests on the set's own real videos.

    Raises:
        ConfigError: a rate is asked for, and no real video has a score.
    """
    if not isinstance(threshold, FprTarget):
        return threshold
    reals = [row.score for row in scored.rows if row.truth == "REAL" and _has_score(row) and row.score is not None]
    try:
        return threshold_for_fpr(reals, threshold.fpr)
    except ConfigError as error:
        raise ConfigError(
            f"{printable(scored.name)}: {error}; give a number, or labels that name real videos"
        ) from None


def counted_rows(scored: ScoredSet, no_face: NoFace, threshold: float | None) -> list[tuple[int, ScoredVideo]]:
    """The rows that count, each with its position, its score and its label as the options say.

    - Videos whose truth is not known never count.
    - Inconclusive ones keep their score and have no label, unless a threshold gives them one.
    - Where the detector is untrained, or gave no video a label, no convention gives one either.

    Raises:
        DatasetError: a video with an answer has no score.
    """
    labelled = scored.trained is not False and (
        threshold is not None or any(row.predicted for row in scored.rows if _has_score(row))
    )
    counted = []
    for position, row in enumerate(scored.rows):
        if row.truth is None or (not _has_score(row) and no_face is NoFace.excluded):
            continue
        score, label = (row.score, row.predicted) if _has_score(row) else _STANDS_FOR[no_face]
        if score is None:
            raise DatasetError(
                f"{printable(scored.name)}: video {position} ({printable(row.name)}) has the status {row.status!r} and "
                "no score; give it one, or the status no_face or unreadable"
            )
        if threshold is not None and _has_score(row):
            label = "FAKE" if score > threshold else "REAL"
        update = {"score": score, "predicted": label if labelled else None}
        counted.append((position, row.model_copy(update=update)))
    return counted


def _has_score(row: ScoredVideo) -> bool:
    return row.status not in UNANSWERED
