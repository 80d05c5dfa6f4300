"""Scored videos with their labels, wherever they came from: the one form that every evaluation starts from."""

from __future__ import annotations

from pydantic import Field, JsonValue

from genconvit.core.config import FrozenConfig
from genconvit.results.result import Label, Status
from genconvit.verdict.calibration import ScoreBasis


class ScoredVideo(FrozenConfig):
    """One video's score beside its label."""

    name: str
    """Name; need not be unique, since rows go by position."""

    truth: Label | None
    """Label of the video; None where it is not known."""

    status: Status = "ok"
    """Status of its result; ``ok`` where a file knows no status."""

    score: float | None = Field(default=None, ge=0, le=1)
    """Probability of being fake, in [0, 1]; None where there is none (no face, unreadable)."""

    uncalibrated: float | None = Field(default=None, ge=0, le=1)
    """The score as it was before a calibration; None where it had none."""

    predicted: Label | None = None
    """The label that it was given; None without a verdict (no face, unreadable, inconclusive, untrained)."""

    groups: dict[str, str] = Field(default_factory=dict)
    """Groups as in ``genconvit.data.base.LabelledSource``."""

    faces: tuple[float, ...] = ()
    """The fake probabilities of its faces, where they are known."""

    reason: str | None = None
    """Reason why it is unreadable, where that is known."""


class ScoredSet(FrozenConfig):
    """Scored videos of one detector."""

    name: str
    """Name in tables: a variant's name, or a file's without its suffix."""

    trained: bool | None
    """True where the weights were trained; None where a file does not say."""

    rows: tuple[ScoredVideo, ...]
    """Videos with their scores, by position."""

    notes: tuple[str, ...] = ()
    """Notes that a reader must know."""

    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    """Metadata that the file states: architecture, seconds, memory and the like."""

    bases: tuple[ScoreBasis, ...] = ()
    """Bases that the scores depend on, each different one once; empty where a file does not say."""
