"""Scored videos with their labels, wherever they came from: the one form that every evaluation starts from."""

from __future__ import annotations

from pydantic import Field, JsonValue

from genconvit.core.config import FrozenConfig
from genconvit.results.result import Label, Status
from genconvit.verdict.calibration import ScoreBasis


class ScoredVideo(FrozenConfig):
    """One video's score beside its label.

    Attributes:
        name: what it is called; need not be unique, since rows go by position.
        truth: its label; None where it is not known.
        status: of its result; ``ok`` where a file knows no status.
        score: of being fake, in [0, 1]; None where there is none (no face, unreadable).
        uncalibrated: the score as it was before a calibration; None where it had none.
        predicted: the label that it was given; None without a verdict (no face, unreadable, inconclusive, untrained).
        groups: as in ``genconvit.data.base.LabelledSource``.
        faces: the fake probabilities of its faces, where they are known.
        reason: why it is unreadable, where that is known.
    """

    name: str
    truth: Label | None
    status: Status = "ok"
    score: float | None = Field(default=None, ge=0, le=1)
    uncalibrated: float | None = Field(default=None, ge=0, le=1)
    predicted: Label | None = None
    groups: dict[str, str] = Field(default_factory=dict)
    faces: tuple[float, ...] = ()
    reason: str | None = None


class ScoredSet(FrozenConfig):
    """Scored videos of one detector.

    Attributes:
        name: what it is called in tables: a variant's name, or a file's without its suffix.
        trained: whether the weights were; None where a file does not say.
        rows: the videos, by position.
        notes: what a reader must know.
        metadata: what the file says of itself: architecture, seconds, memory and the like.
        bases: what the scores depend on, each different one once; empty where a file does not say.
    """

    name: str
    trained: bool | None
    rows: tuple[ScoredVideo, ...]
    notes: tuple[str, ...] = ()
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    bases: tuple[ScoreBasis, ...] = ()
