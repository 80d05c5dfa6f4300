"""Face crops from a reading: search each frame, cut its faces out, note what happened."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydantic import Field, PositiveInt, field_validator

from genconvit.core.config import FrozenConfig
from genconvit.core.cut import Cut
from genconvit.core.device import AnyDevice, is_out_of_memory
from genconvit.core.errors import ConfigError
from genconvit.core.types import AnyImage, DetectedFace, FaceCrop, Frame
from genconvit.faces.base import FaceDetector
from genconvit.faces.crop import crop_faces
from genconvit.faces.quality import measure_quality
from genconvit.pipeline.outcome import Cropped, Outcome, SourceScores
from genconvit.results.quality import FaceQuality
from genconvit.video.readers import Reading
from genconvit.video.reading import SourceOpened
from genconvit.video.sampling import DEFAULT_FRAMES, FrameChoice, parse_frames

_FRAMES_AT_ONCE_ON_A_GPU = 8


class PipelineOptions(FrozenConfig):
    """The frames and faces of a source that are looked at."""

    frames: int | str = DEFAULT_FRAMES
    """Frames to look at: a number of evenly spaced ones; ``"all"`` or -1; ``"keyframes"``; or ``"fps=X"``, X frames a
    second."""

    margin: float = Field(default=0.0, ge=-0.5, le=2.0)
    """Fraction by which the side of a crop is longer than its rule says."""

    max_faces: PositiveInt | None = None
    """Most faces of one source, in the order of the frames; None is all."""

    reference_crops: bool = False
    """Keep at most as many faces as frames, as in the reference."""

    square_pixels: bool = True
    """Stretch the frames of a video whose pixels are not square before faces are searched; the reference does not."""

    @field_validator("frames")
    @classmethod
    def _is_a_choice(cls, frames: int | str) -> int | str:
        parse_frames(frames)
        return frames

    @property
    def frame_choice(self) -> FrameChoice:
        """The rule that ``frames`` names."""
        return parse_frames(self.frames)

    def face_limit(self, frame_count: int) -> int | None:
        """The most faces for a source of which so many frames are looked at; None is all."""
        limits = [self.max_faces] if self.max_faces is not None else []
        return min([*limits, frame_count] if self.reference_crops else limits, default=None)


@dataclass
class _Progress:
    """Progress of the search of a source since it was opened."""

    scores: SourceScores
    chosen: int
    limit: int | None
    found: int = 0
    lacks_landmarks: bool = False


class FaceFinder:
    """Finds and crops the faces of sources; safe to call from several threads.

    Args:
        detector: face detector, used under a lock, since detectors keep state while they work.
        cuts: cuts to make of each face.
        options: frames and faces that are looked at.
        device: device that the detector runs on; frames are brought to a GPU once, and searched several at a time
            there, or fewer where its memory is full.
        notes: notes for every source's scores.
    """

    def __init__(
        self,
        detector: FaceDetector,
        cuts: Sequence[Cut],
        options: PipelineOptions,
        *,
        device: AnyDevice,
        notes: Sequence[str] = (),
    ) -> None:
        self._detector = detector
        self._detecting = threading.Lock()
        self.cuts = cuts
        self._options = options
        self._device = device
        self._at_once = 1 if device.type == "cpu" else _FRAMES_AT_ONCE_ON_A_GPU
        self._notes = notes

    def find(self, reading: Reading, outcome: Outcome) -> Iterator[Cropped]:
        """Crops of one source in the order of its frames; its outcome's scores get everything but the networks' part.

        Raises:
            SourceError: it cannot be read.
            ConfigError: the device has no memory to search a single frame.
        """
        for crops, quality, progress, turn in self._crops(reading, outcome):
            if progress.found == progress.limit:
                progress.scores.notes.append(
                    f"the limit of {progress.limit} faces was reached in frame {crops[0].frame_index}"
                )
                return
            progress.found += 1
            yield Cropped(crops, progress.scores, outcome, turn, quality)

    def _crops(
        self, reading: Reading, outcome: Outcome
    ) -> Iterator[tuple[tuple[FaceCrop, ...], FaceQuality, _Progress, int]]:
        for frames, progress in self._batches(reading, outcome):
            with self._detecting:
                found = self._search([frame.image for frame in frames])
            for frame, faces in zip(frames, found, strict=True):
                turn = len(progress.scores.frame_indices)
                progress.scores.frame_indices.append(frame.index)
                self._note_faces_without_landmarks(frame, faces, progress)
                margin = self._options.margin
                made = zip(*(crop_faces(frame, faces, cut, margin) for cut in self.cuts), strict=True)
                for face, crops in zip(faces, made, strict=True):
                    quality = measure_quality(frame.image, face, self._detector.square_rule)
                    yield crops, quality, progress, turn

    def _note_faces_without_landmarks(self, frame: Frame, faces: Sequence[DetectedFace], progress: _Progress) -> None:
        if progress.lacks_landmarks or not any(cut.aligned for cut in self.cuts):
            return
        if any(face.landmarks is None for face in faces):
            progress.lacks_landmarks = True
            progress.scores.notes.append(
                "faces are turned until their eyes are level; those without landmarks were left as they are, the first "
                f"in frame {frame.index}"
            )

    def _search(self, images: Sequence[AnyImage]) -> list[list[DetectedFace]]:
        found = self._search_if_they_fit(images)
        if found is not None:
            return found
        if len(images) == 1:
            raise ConfigError(
                f"{self._device} has no memory to search a single frame for faces; free some, or give a smaller "
                "batch_size (--batch-size) or device='cpu'"
            )
        half = len(images) // 2
        return [*self._search(images[:half]), *self._search(images[half:])]

    def _search_if_they_fit(self, images: Sequence[AnyImage]) -> list[list[DetectedFace]] | None:
        try:
            return self._detector.search(images)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            return None

    def _batches(self, reading: Reading, outcome: Outcome) -> Iterator[tuple[list[Frame], _Progress]]:
        """Frames to search together. Where a decoder starts over, so does the outcome."""
        for event in reading:
            if isinstance(event, SourceOpened):
                frames: list[Frame] = []
                scores = SourceScores(
                    event.decoder,
                    event.frame_count,
                    notes=[*self._notes, *event.notes],
                    duration_seconds=event.duration_seconds,
                )
                progress = _Progress(scores, event.chosen_count, self._options.face_limit(event.chosen_count))
                outcome.scores = scores
                continue
            frames.append(self._placed(event))
            if len(frames) == self._at_once:
                yield frames, progress
                frames = []
        if frames:
            yield frames, progress
        decoded = len(progress.scores.frame_indices)
        if decoded < progress.chosen:
            progress.scores.notes.append(f"{decoded} of {progress.chosen} chosen frames decoded")

    def _placed(self, frame: Frame) -> Frame:
        if self._device.type == "cpu" or not isinstance(frame.image, np.ndarray):
            return frame
        import torch

        return replace(frame, image=torch.tensor(frame.image, device=self._device))
