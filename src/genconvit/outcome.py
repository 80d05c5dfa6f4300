"""What the pipeline finds out about one source, as it grows from stage to stage."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from genconvit.errors import SourceError
from genconvit.types import Box, DetectedFace, FaceCrop, FaceScores
from genconvit.video.names import Source


@dataclass(frozen=True)
class FoundFace:
    """A face that was scored, without its pixels."""

    frame_index: int
    pts_seconds: float | None
    face: DetectedFace
    square: Box

    @classmethod
    def of(cls, crop: FaceCrop) -> FoundFace:
        """The face of a crop."""
        return cls(crop.frame_index, crop.pts_seconds, crop.face, crop.square)


@dataclass
class SourceScores:
    """Everything that one source gave.

    Attributes:
        decoder: what read it.
        frame_count: how many frames it has.
        frame_indices: the frames that were decoded and searched.
        faces: where the scored faces are; as many as rows of the scores.
        batches: the scores, batch by batch.
        notes: fallbacks, frames that did not decode, a limit that was reached.
    """

    decoder: str
    frame_count: int
    frame_indices: list[int] = field(default_factory=list)
    faces: list[FoundFace] = field(default_factory=list)
    batches: list[FaceScores] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def logits(self) -> dict[str, Tensor]:
        """For each branch float32 [faces, 2]."""
        return {
            branch: torch.cat([batch.logits[branch] for batch in self.batches]) for branch in self.batches[0].logits
        }


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
    """A face on its way to the networks, and where its scores belong."""

    crop: FaceCrop
    scores: SourceScores
