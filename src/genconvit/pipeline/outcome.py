"""Findings of the pipeline about one source, as they grow from stage to stage."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from genconvit.core.errors import SourceError
from genconvit.core.types import Box, FaceCrop, FaceScores
from genconvit.results.credentials import ContentCredentials
from genconvit.results.quality import FaceQuality
from genconvit.video.names import Source


@dataclass(frozen=True)
class FoundFace:
    """A face that was scored, without its pixels and landmarks."""

    frame_index: int
    pts_seconds: float | None
    box: Box
    confidence: float
    square: Box
    quality: FaceQuality | None = None

    @classmethod
    def of(cls, crop: FaceCrop, quality: FaceQuality | None) -> FoundFace:
        """The face of a crop, and what its picture measures."""
        return cls(crop.frame_index, crop.pts_seconds, crop.face.box, crop.face.confidence, crop.square, quality)


@dataclass
class SourceScores:
    """Everything that the pipeline found in one source.

    It is all in Python's numbers. Small tensors and arrays, kept for as long as a video lasts, would lie scattered
    among the large ones that come and go, and keep their memory from being used again.

    Attributes:
        decoder: name of the decoder that read it.
        frame_count: number of frames of the source.
        frame_indices: indices of the frames that were decoded and searched.
        faces: the scored faces, with their places.
        fake_probabilities: fake probability of each of the faces.
        notes: fallbacks, frames that did not decode, a limit that was reached.
        duration_seconds: duration of the source in seconds; None where it is unknown.
    """

    decoder: str
    frame_count: int
    frame_indices: list[int] = field(default_factory=list)
    faces: list[FoundFace] = field(default_factory=list)
    fake_probabilities: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    duration_seconds: float | None = None
    _logits: dict[str, dict[int, list[float]]] = field(default_factory=dict)

    def place(self, face: FoundFace) -> int:
        """Take a face, and return the row that its scores belong in."""
        self.faces.append(face)
        self.fake_probabilities.append(math.nan)
        return len(self.faces) - 1

    def fill(self, rows: Sequence[Sequence[int]], scores: FaceScores) -> None:
        """Take scores: each counts for all faces of its rows.

        Args:
            rows: rows of the faces that each score counts for.
            scores: scores, as many as lists of rows.
        """
        for places, fake_probability in zip(rows, scores.fake_probability.tolist(), strict=True):
            for row in places:
                self.fake_probabilities[row] = fake_probability
        for branch, logits in scores.logits.items():
            placed = self._logits.setdefault(branch, {})
            for places, pair in zip(rows, logits.tolist(), strict=True):
                placed.update(dict.fromkeys(places, pair))

    def logits(self) -> dict[str, npt.NDArray[np.float32]]:
        """Logits of each branch, float32 [faces, 2]."""
        rows = range(len(self.faces))
        return {branch: np.array([placed[row] for row in rows], np.float32) for branch, placed in self._logits.items()}


@dataclass
class Outcome:
    """Outcome of one source.

    Attributes:
        source: the source as the caller gave it.
        scores: findings; None where the source could not be read.
        error: reason why it could not be read, else None.
        sha256: SHA-256 of the file; None for a source that is no file, and for one that cannot be read.
        credentials: Content Credentials of the source; None where they were not asked for.
    """

    source: Source
    scores: SourceScores | None = None
    error: SourceError | None = None
    sha256: str | None = None
    credentials: ContentCredentials | None = None


@dataclass(frozen=True, eq=False)
class Cropped:
    """A face on its way to the networks, and the place that its scores belong in.

    Attributes:
        crops: the face in each cut that was asked for.
        scores: scores of its source, as it was opened last.
        outcome: outcome of its source.
        turn: place of its frame among those that were searched, from 0.
        quality: measured values of its picture; None where they are not those of the picture that is scored.
    """

    crops: tuple[FaceCrop, ...]
    scores: SourceScores
    outcome: Outcome
    turn: int
    quality: FaceQuality | None = None

    @property
    def crop(self) -> FaceCrop:
        """The face in the first of the cuts, or the only one."""
        return self.crops[0]
