"""Change of scores when videos get worse: what was measured, and what it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from genconvit.core.config import FrozenConfig
from genconvit.core.left_out import LeftOut
from genconvit.evaluation.evaluation import sample_of
from genconvit.evaluation.scored import ScoredVideo
from genconvit.metrics.intervals import Measure, Resampling, measures_of
from genconvit.metrics.measures import NO_ROWS
from genconvit.results.provenance import Provenance
from genconvit.results.result import Label

SPREAD = (10, 90)
"""The percentiles between which the changes of most videos lie."""


class StepInfo(FrozenConfig):
    """One strength of one degradation."""

    degradation: str
    """Name of the degradation; ``none`` for the clean frames."""

    label: str
    """Label for people."""

    unit: str
    """Unit of the strength."""

    strength: float | None
    """Strength of the degradation; None for the clean frames."""

    clean: float | None = None
    """The strength at which this degradation would change nothing; None where there is none."""


class VideoSteps(FrozenConfig):
    """One video's scores, one for each step in their order."""

    name: str
    """Name in the data set."""

    truth: Label | None
    """Label of the video; None where it is not known."""

    groups: dict[str, str] = Field(default_factory=dict)
    """Groups that it belongs to."""

    scores: tuple[float | None, ...]
    """Probabilities of being fake, in [0, 1]; None where there is none at that step."""

    labels: tuple[Label | None, ...]
    """Labels that were given, one a step; None without trained weights, or where there was none."""

    faces: tuple[int, ...]
    """Numbers of faces that were scored, one a step."""

    notes: tuple[str, ...] = ()
    """Notes of the clean frames' result, and why a step is missing."""


class StepSummary(StepInfo):
    """Effect of one step on the scores of all videos.

    Changes are scores at this step less those of the clean frames, over the videos that have both.
    """

    videos: int
    """Number of videos with a score."""

    faces: int
    """Number of faces that these rest on."""

    roc_auc: Measure
    """ROC AUC over the videos with a known label; with its interval where there is one."""

    mean_score: float | None = None
    """Mean score of the videos."""

    mean_change: float | None = None
    """Mean change of the videos' scores; above zero they look more fake."""

    low_change: float | None = None
    """The 10th percentile of the changes."""

    high_change: float | None = None
    """90th percentile of the changes."""

    mean_distance: float | None = None
    """The mean of the changes' absolute values."""

    max_distance: float | None = None
    """Largest absolute change of a score."""

    labels_changed: float | None = None
    """The share of videos that are called something else; None without trained weights."""

    seconds: float = 0.0
    """Seconds spent on degrading frames and cutting faces out of them, without the networks."""


class RobustnessReport(FrozenConfig):
    """All that a run found out; JSON both ways."""

    schema_version: Literal[1] = 1
    """Version of this layout."""

    dataset: str
    """Registered name of the data set, or ``unlabelled``."""

    split: str
    """Split of the data set."""

    frames: int | str
    """Frames of a video that were looked at."""

    trained: bool
    """True where the weights were trained; scores of others mean nothing."""

    provenance: Provenance
    """Provenance that every score rests on."""

    resampling: Resampling
    """Way in which intervals were made."""

    steps: tuple[StepSummary, ...]
    """The clean frames, and each strength of each degradation."""

    videos: tuple[VideoSteps, ...]
    """Number of videos with a face."""

    no_face: tuple[str, ...] = ()
    """The names of videos without one, which have no part in any number."""

    unreadable: tuple[LeftOut, ...] = ()
    """Videos that cannot be read, and why."""

    notes: tuple[str, ...] = ()
    """Notes that a reader must know."""

    seconds: float = 0.0
    """Seconds of the whole run."""

    @property
    def is_labelled(self) -> bool:
        """True where there is an AUC."""
        return any(step.roc_auc.value is not None for step in self.steps)


def summarise_steps(
    steps: Sequence[StepInfo],
    videos: Sequence[VideoSteps],
    seconds: Sequence[float],
    resampling: Resampling,
    *,
    trained: bool,
) -> tuple[StepSummary, ...]:
    """Summarise what each step does to the scores.

    Args:
        steps: the first one is that of the clean frames.
        videos: videos with a score for each step, or None.
        seconds: seconds of each step.
        resampling: way in which intervals are made.
        trained: true where labels mean something.

    Raises:
        ConfigError: there are labels, and scikit-learn is not installed.
    """
    return tuple(
        StepSummary(
            **step.model_dump(),
            videos=sum(video.scores[number] is not None for video in videos),
            faces=sum(video.faces[number] for video in videos if video.scores[number] is not None),
            roc_auc=_roc_auc(videos, number, resampling),
            **_changes(videos, number),
            labels_changed=_labels_changed(videos, number) if trained else None,
            seconds=seconds[number],
        )
        for number, step in enumerate(steps)
    )


def _roc_auc(videos: Sequence[VideoSteps], step: int, resampling: Resampling) -> Measure:
    rows = [
        ScoredVideo(name=video.name, truth=video.truth, score=video.scores[step], predicted=video.labels[step])
        for video in videos
        if video.truth is not None and video.scores[step] is not None
    ]
    return measures_of(sample_of(rows), resampling)["roc_auc"] if rows else Measure(value=None, why_not=NO_ROWS)


def _changes(videos: Sequence[VideoSteps], step: int) -> dict[str, float]:
    scores = [(video.scores[0], video.scores[step]) for video in videos]
    pairs = np.array([(clean, score) for clean, score in scores if clean is not None and score is not None])
    if not len(pairs):
        return {}
    changes = pairs[:, 1] - pairs[:, 0]
    low, high = np.percentile(changes, SPREAD).tolist()
    return {
        "mean_score": float(pairs[:, 1].mean()),
        "mean_change": float(changes.mean()),
        "low_change": low,
        "high_change": high,
        "mean_distance": float(np.abs(changes).mean()),
        "max_distance": float(np.abs(changes).max()),
    }


def _labels_changed(videos: Sequence[VideoSteps], step: int) -> float | None:
    labels = [(video.labels[0], video.labels[step]) for video in videos if video.scores[step] is not None]
    return sum(clean != label for clean, label in labels) / len(labels) if labels else None
