"""What the pipeline finds out about one source, as it grows from stage to stage."""

from __future__ import annotations

from collections.abc import Iterable
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
    _logits: dict[str, list[list[float]]] = field(default_factory=dict)

    def add(self, faces: Iterable[FoundFace], scores: FaceScores) -> None:
        """Take faces and their scores, as many of these as of those."""
        self.faces += faces
        self.fake_probabilities += scores.fake_probability.tolist()
        for branch, values in scores.logits.items():
            self._logits.setdefault(branch, []).extend(values.tolist())

    def logits(self) -> dict[str, npt.NDArray[np.float32]]:
        """For each branch float32 [faces, 2]."""
        return {branch: np.array(values, np.float32) for branch, values in self._logits.items()}


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
    """

    crops: tuple[FaceCrop, ...]
    scores: SourceScores
    outcome: Outcome

    @property
    def crop(self) -> FaceCrop:
        """The face in the first of the cuts, or the only one."""
        return self.crops[0]
