"""A source's way: open it, choose frames, find and crop faces, score them. One frame and one batch are in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from pydantic import Field, PositiveInt, field_validator
from torch import Tensor

from genconvit.config import FrozenConfig
from genconvit.errors import SourceError
from genconvit.faces.base import FaceDetector
from genconvit.faces.crop import crop_faces
from genconvit.scorer import Scorer
from genconvit.types import Box, DetectedFace, FaceCrop, FaceScores
from genconvit.video.base import FrameStream, VideoDecoder
from genconvit.video.names import Source, source_name
from genconvit.video.sampling import evenly_spaced
from genconvit.video.sources import open_source


class PipelineOptions(FrozenConfig):
    """What is looked at in a source.

    Attributes:
        frames: how many evenly spaced frames; -1 is all.
        margin: how much longer the side of a crop is than the face detector's rule says, as a fraction.
        max_faces: the most faces of one source, in the order of the frames; None is all.
        reference_crops: at most as many faces as frames, as in the reference.
    """

    frames: int = Field(default=15, ge=-1)
    margin: float = Field(default=0.0, ge=-0.5, le=2.0)
    max_faces: PositiveInt | None = None
    reference_crops: bool = False

    @field_validator("frames")
    @classmethod
    def _some_frames(cls, frames: int) -> int:
        if frames == 0:
            raise ValueError("no frame would be looked at; give 1 or more, or -1 for all")
        return frames

    def face_limit(self, frame_count: int) -> int | None:
        """The most faces for a source of which so many frames are looked at; None is all."""
        limits = [self.max_faces] if self.max_faces is not None else []
        return min([*limits, frame_count] if self.reference_crops else limits, default=None)


@dataclass(frozen=True)
class FoundFace:
    """A face that was scored, without its pixels."""

    frame_index: int
    pts_seconds: float | None
    face: DetectedFace
    square: Box


@dataclass
class SourceScores:
    """Everything that one source gave.

    Attributes:
        decoder: what read it.
        frame_indices: the frames that were decoded and searched.
        faces: where the scored faces are; as many as rows of the scores.
        batches: the scores, batch by batch.
        notes: fallbacks, frames that did not decode, a limit that was reached.
    """

    decoder: str
    frame_indices: list[int] = field(default_factory=list)
    faces: list[FoundFace] = field(default_factory=list)
    batches: list[FaceScores] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def logits(self) -> dict[str, Tensor]:
        """For each branch float32 [faces, 2]."""
        return {
            branch: torch.cat([batch.logits[branch] for batch in self.batches]) for branch in self.batches[0].logits
        }


class Pipeline:
    """Scores sources one after the other; safe to call from several threads.

    Args:
        decoders: tried in turn for a video.
        face_detector: used under a lock, since detectors keep state while they work.
        scorer: the networks.
        options: what is looked at.
        notes: what every result of this pipeline says.
    """

    def __init__(
        self,
        decoders: Sequence[VideoDecoder],
        face_detector: FaceDetector,
        scorer: Scorer,
        options: PipelineOptions,
        notes: Sequence[str] = (),
    ) -> None:
        self._decoders = decoders
        self._face_detector = face_detector
        self._detecting = threading.Lock()
        self.scorer = scorer
        self._options = options
        self._notes = notes

    def run(self, source: Source) -> SourceScores:
        """Score a source.

        Raises:
            SourceError: it cannot be read, or none of the chosen frames decodes.
        """
        notes = list(self._notes)
        decoders = self._decoders
        while True:
            opened = open_source(source, decoders)
            notes += opened.fallbacks
            try:
                with opened.stream as stream:
                    scores = self._run_stream(stream, source)
            except SourceError as error:
                decoders = opened.untried
                if not decoders:
                    raise
                notes.append(f"{opened.stream.decoder}: {error.reason}")
            else:
                scores.notes[:0] = notes
                return scores

    def _run_stream(self, stream: FrameStream, source: Source) -> SourceScores:
        indices = evenly_spaced(stream.frame_count, self._options.frames)
        limit = self._options.face_limit(len(indices))
        scores = SourceScores(stream.decoder)
        pending: list[FaceCrop] = []
        for crop in self._crops(stream, indices, scores):
            if limit is not None and len(scores.faces) + len(pending) == limit:
                scores.notes.append(f"the limit of {limit} faces was reached in frame {crop.frame_index}")
                break
            pending.append(crop)
            if len(pending) == self.scorer.batch_size:
                self._score(pending, scores)
        if pending:
            self._score(pending, scores)
        if not scores.frame_indices:
            raise SourceError(source_name(source), f"none of its {len(indices)} chosen frames can be decoded")
        return scores

    def _crops(self, stream: FrameStream, indices: Sequence[int], scores: SourceScores) -> Iterator[FaceCrop]:
        for frame in stream.read(indices):
            scores.frame_indices.append(frame.index)
            with self._detecting:
                (faces,) = self._face_detector.detect([frame.image])
            rule = self._face_detector.square_rule
            yield from crop_faces(frame, faces, rule, self.scorer.input_size, self._options.margin)
        decoded = len(scores.frame_indices)
        if decoded < len(indices):
            scores.notes.append(f"{decoded} of {len(indices)} chosen frames decoded")

    def _score(self, pending: list[FaceCrop], scores: SourceScores) -> None:
        scores.batches.append(self.scorer.score(np.stack([crop.image for crop in pending])))
        scores.faces += [FoundFace(crop.frame_index, crop.pts_seconds, crop.face, crop.square) for crop in pending]
        pending.clear()
