"""What the pipeline finds out about one source, as it grows from stage to stage."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from genconvit.core.errors import SourceError
from genconvit.core.types import Box, FaceCrop, FaceScores
from genconvit.video.names import Source


@dataclass(frozen=True)
class FoundFace:
    """A face that was scored, without its pixels and landmarks."""

    frame_index: int
    pts_seconds: float | None
    box: Box
    confidence: float
    square: Box

    @classmethod
    def of(cls, crop: FaceCrop) -> FoundFace:
        """The face of a crop."""
        return cls(crop.frame_index, crop.pts_seconds, crop.face.box, crop.face.confidence, crop.square)


@dataclass
class SourceScores:
    """Everything that one source gave.

    It is all in Python's numbers. Small tensors and arrays, kept for as long as a video lasts, would lie scattered
    among the large ones that come and go, and keep their memory from being used again.

    Attributes:
        decoder: what read it.
        frame_count: how many frames it has.
        frame_indices: the frames that were decoded and searched.
        faces: where the scored faces are.
        fake_probabilities: of each of them.
        notes: fallbacks, frames that did not decode, a limit that was reached.
    """

    decoder: str
    frame_count: int
    frame_indices: list[int] = field(default_factory=list)
    faces: list[FoundFace] = field(default_factory=list)
    fake_probabilities: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _logits: dict[str, dict[int, list[float]]] = field(default_factory=dict)

    def place(self, face: FoundFace) -> int:
        """Take a face, and return the row that its scores belong in."""
        self.faces.append(face)
        self.fake_probabilities.append(math.nan)
        return len(self.faces) - 1

    def fill(self, rows: Sequence[Sequence[int]], scores: FaceScores) -> None:
        """Take scores: each counts for all faces of its rows.

        Args:
            rows: of faces, for each of the scores.
            scores: as many.
        """
        for places, fake_probability in zip(rows, scores.fake_probability.tolist(), strict=True):
            for row in places:
                self.fake_probabilities[row] = fake_probability
        for branch, logits in scores.logits.items():
            placed = self._logits.setdefault(branch, {})
            for places, pair in zip(rows, logits.tolist(), strict=True):
                placed.update(dict.fromkeys(places, pair))

    def logits(self) -> dict[str, npt.NDArray[np.float32]]:
        """For each branch float32 [faces, 2]."""
        rows = range(len(self.faces))
        return {branch: np.array([placed[row] for row in rows], np.float32) for branch, placed in self._logits.items()}


@dataclass
class Outcome:
    """How it went with one source.

    Attributes:
        source: as the caller gave it.
        scores: what it gave; None where it could not be read.
        error: why it could not be read, else None.
        sha256: of the file; None for what is no file, and for one that cannot be read.
    """

    source: Source
    scores: SourceScores | None = None
    error: SourceError | None = None
    sha256: str | None = None


@dataclass(frozen=True, eq=False)
class Cropped:
    """A face on its way to the networks, and where its scores belong.

    Attributes:
        crops: the face in each cut that was asked for.
        scores: of its source, as it was opened last.
        outcome: of its source.
        turn: its frame's place among those that were searched, from 0.
    """

    crops: tuple[FaceCrop, ...]
    scores: SourceScores
    outcome: Outcome
    turn: int

    @property
    def crop(self) -> FaceCrop:
        """The face in the first of the cuts, or the only one."""
        return self.crops[0]
