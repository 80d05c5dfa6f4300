"""Evaluation of the scores of a set, and of what it rests on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genconvit.core.config import FrozenConfig
from genconvit.core.left_out import LeftOut
from genconvit.evaluation.conventions import (
    FACE_THRESHOLD,
    EvaluationOptions,
    counted_rows,
    resolve_threshold,
)
from genconvit.evaluation.groups import groups_of
from genconvit.evaluation.no_face import NoFace
from genconvit.evaluation.scored import ScoredSet, ScoredVideo
from genconvit.metrics.intervals import Measure, Resampling, measures_of
from genconvit.metrics.measures import FAKE, NO_LABEL, REAL, Sample
from genconvit.results.result import Label
from genconvit.verdict.decision_rule import DEFAULT_THRESHOLD
from genconvit.verdict.threshold import FprTarget

_CODES: dict[Label | None, int] = {"FAKE": FAKE, "REAL": REAL, None: NO_LABEL}


class Counts(FrozenConfig):
    """Numbers of videos, and names of those that do not simply count."""

    videos: int
    """Number of videos."""

    fakes: int
    """Number of videos whose truth is FAKE."""

    reals: int
    """Number of videos whose truth is REAL."""

    measured: int
    """Number of videos that the measures rest on."""

    measured_fakes: int
    """Number of measured videos whose truth is FAKE."""

    unknown_label: tuple[LeftOut, ...] = ()
    """Videos whose truth is not known."""

    no_face: tuple[LeftOut, ...] = ()
    """Number of videos without a face."""

    unreadable: tuple[LeftOut, ...] = ()
    """Videos that could not be read, with the reason where it is known."""

    inconclusive: tuple[LeftOut, ...] = ()
    """Videos with a score and no label, since it lies in the inconclusive band."""


class Confusion(FrozenConfig):
    """Counts of the labels that each truth got, over the measured videos."""

    fake_as_fake: int
    """Fakes called FAKE."""

    fake_as_real: int
    """Fakes called REAL."""

    real_as_fake: int
    """Reals called FAKE."""

    real_as_real: int
    """Reals called REAL."""

    without_label: int
    """Videos with a score and no label."""


class GroupEvaluation(FrozenConfig):
    """The measures of one group."""

    group: dict[str, str]
    """Keys and values that the group's videos share."""

    videos: int
    """Number of measured videos in the group."""

    fakes: int
    """Number of measured videos in the group that are fake."""

    measures: dict[str, Measure]
    """Measures of the group's videos, by name."""


class Evaluation(FrozenConfig):
    """Evaluation of the scores of one set."""

    name: str
    """Name of the set."""

    trained: bool | None
    """True where the weights were trained; None where that is not known."""

    counts: Counts
    """Numbers of videos."""

    no_face: NoFace
    """Label that videos without an answer counted as."""

    threshold: float | None
    """Score above which a video counted as FAKE; None where the labels were taken as given."""

    threshold_target: float | None
    """The false positive rate that it was found for, else None."""

    resampling: Resampling
    """Way in which the intervals were made."""

    measures: dict[str, Measure]
    """Measures of the videos, by name."""

    faces: int
    """Number of faces of measured videos."""

    face_measures: dict[str, Measure]
    """Measures of those faces, by name; a face's truth is its video's. Empty where no faces are known."""

    confusion: Confusion
    """Counts of the labels that each truth got."""

    groups: tuple[GroupEvaluation, ...] = ()
    """Measures by group."""

    notes: tuple[str, ...] = ()
    """Notes that a reader must know."""

    @property
    def boundary(self) -> float:
        """The score that parts the sides: the threshold, or one half where labels were taken as given."""
        return DEFAULT_THRESHOLD if self.threshold is None else self.threshold


def evaluate(scored: ScoredSet, options: EvaluationOptions | None = None) -> Evaluation:
    """Measure how well a set's scores and labels agree with the truth.

    Args:
        scored: the videos.
        options: options of the evaluation; left out, the result files' own labels, with 1000 resamples.

    Raises:
        ConfigError: scikit-learn is not installed; or the threshold is to keep a rate, and no real video has a score.
        DatasetError: a video with an answer has no score.
    """
    options = options or EvaluationOptions()
    threshold = resolve_threshold(scored, options.threshold)
    rows = [row for _, row in counted_rows(scored, options.no_face, threshold)]
    sample = sample_of(rows)
    face_threshold = FACE_THRESHOLD if threshold is None else threshold
    faces = face_sample_of(rows, None if scored.trained is False else face_threshold)
    grouped, group_notes = groups_of(rows, options.by)
    return Evaluation(
        name=scored.name,
        trained=scored.trained,
        counts=_counts(scored, len(rows), int(sample.truth.sum())),
        no_face=options.no_face,
        threshold=threshold,
        threshold_target=options.threshold.fpr if isinstance(options.threshold, FprTarget) else None,
        resampling=options.resampling,
        measures=measures_of(sample, options.resampling),
        faces=len(faces.scores),
        face_measures=measures_of(faces, options.resampling) if len(faces.scores) else {},
        confusion=_confusion(sample),
        groups=tuple(_group(group, rows, members, options.resampling) for group, members in grouped),
        notes=(*scored.notes, *_notes(scored, options), *group_notes),
    )


def sample_of(rows: Sequence[ScoredVideo]) -> Sample:
    """The videos as a sample: each is one row."""
    return Sample(
        truth=np.array([row.truth == "FAKE" for row in rows], np.bool_),
        scores=np.array([row.score for row in rows], np.float64),
        predicted=np.array([_CODES[row.predicted] for row in rows], np.int8),
        clusters=np.arange(len(rows), dtype=np.int64),
    )


def face_sample_of(rows: Sequence[ScoredVideo], threshold: float | None) -> Sample:
    """The faces of the videos as a sample; without a threshold they get no labels."""
    rows = [row for row in rows if row.faces]
    counts = [len(row.faces) for row in rows]
    scores = np.array([face for row in rows for face in row.faces], np.float64)
    predicted = np.full(len(scores), NO_LABEL) if threshold is None else np.where(scores > threshold, FAKE, REAL)
    return Sample(
        truth=np.repeat(np.array([row.truth == "FAKE" for row in rows], np.bool_), counts),
        scores=scores,
        predicted=predicted.astype(np.int8),
        clusters=np.repeat(np.arange(len(rows), dtype=np.int64), counts),
    )


def _group(
    group: dict[str, str], rows: Sequence[ScoredVideo], members: npt.NDArray[np.int64], resampling: Resampling
) -> GroupEvaluation:
    sample = sample_of([rows[index] for index in members.tolist()])
    return GroupEvaluation(
        group=group, videos=len(members), fakes=int(sample.truth.sum()), measures=measures_of(sample, resampling)
    )


def _counts(scored: ScoredSet, measured: int, measured_fakes: int) -> Counts:
    def named(status: str) -> tuple[LeftOut, ...]:
        reason = {"no_face": "no face", "inconclusive": "no label"}.get(status, "no reason given")
        return tuple(LeftOut(name=r.name, reason=r.reason or reason) for r in scored.rows if r.status == status)

    return Counts(
        videos=len(scored.rows),
        fakes=sum(row.truth == "FAKE" for row in scored.rows),
        reals=sum(row.truth == "REAL" for row in scored.rows),
        measured=measured,
        measured_fakes=measured_fakes,
        unknown_label=tuple(LeftOut(name=row.name, reason="unknown label") for row in scored.rows if row.truth is None),
        no_face=named("no_face"),
        unreadable=named("unreadable"),
        inconclusive=named("inconclusive"),
    )


def _confusion(sample: Sample) -> Confusion:
    def count(truth: bool, label: int) -> int:
        return int(np.count_nonzero((sample.truth == truth) & (sample.predicted == label)))

    return Confusion(
        fake_as_fake=count(True, FAKE),
        fake_as_real=count(True, REAL),
        real_as_fake=count(False, FAKE),
        real_as_real=count(False, REAL),
        without_label=int(np.count_nonzero(sample.predicted == NO_LABEL)),
    )


def _notes(scored: ScoredSet, options: EvaluationOptions) -> list[str]:
    notes = []
    if scored.trained is False:
        notes.append("the weights are untrained: the scores mean nothing, and there are no labels")
    if isinstance(options.threshold, FprTarget):
        notes.append(
            "the threshold was chosen on the real videos that it is measured on; expect more false alarms elsewhere"
        )
    if options.threshold is None and any(row.status == "inconclusive" for row in scored.rows):
        notes.append("inconclusive videos count in measures of scores and in none of labels")
    return notes
