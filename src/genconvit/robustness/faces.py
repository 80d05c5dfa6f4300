"""The faces of a source as they are, and degraded: found once in the clean frames, cut at the same places each time.

One frame, or one run of frames for H.264, is in memory at a time, however long a video is.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

import numpy as np
import torch

from genconvit.core.errors import SourceError
from genconvit.core.text import first_line
from genconvit.core.types import AnyImage, FaceCrop, Frame, ImageArray, on_host
from genconvit.faces.crop import crop_again
from genconvit.pipeline.find import FaceFinder
from genconvit.pipeline.outcome import Cropped, Outcome, SourceScores
from genconvit.pipeline.run import start_readings
from genconvit.robustness.degrade import Degradation, FaceContext
from genconvit.robustness.reencode import encoded_anew, frames_of_a_run, gather, plan_runs
from genconvit.video.names import Source, source_name
from genconvit.video.readers import Reader, Reading
from genconvit.video.reading import Event

_FRAMES_KEPT = 8
"""Number of frames that are kept: as many as a finder looks at together."""


@dataclass(frozen=True)
class Step:
    """One strength of one degradation.

    Attributes:
        degradation: degradation of the step; None for the clean frames.
        strength: strength of the degradation.
    """

    degradation: Degradation | None = None
    strength: float = 0.0

    @property
    def is_encoded(self) -> bool:
        """True where it needs the frames around."""
        return self.degradation is not None and self.degradation.apply is None


CLEAN = Step()


def steps_of(degradations: Iterable[Degradation]) -> tuple[Step, ...]:
    """The clean frames, and every strength of the degradations."""
    return (CLEAN, *(Step(each, strength) for each in degradations for strength in each.strengths))


@dataclass
class StepOutcome(Outcome):
    """Outcome of one source at one step.

    Attributes:
        step: step that it is of.
        seconds: spent on degrading frames and cutting faces out of them, without the networks.
    """

    step: Step = CLEAN
    seconds: float = 0.0


@dataclass
class _Seen:
    """Faces that the clean frames showed.

    Attributes:
        scores: scores of the clean frames since the source was opened last.
        crops: faces without their pixels, for each frame with faces.
        turns: place of each of these frames among those that were searched.
        most_bytes: largest size of a frame in bytes.
    """

    scores: SourceScores | None = None
    crops: dict[int, list[FaceCrop]] = field(default_factory=dict)
    turns: dict[int, int] = field(default_factory=dict)
    most_bytes: int = 1


class DegradedFaces:
    """Yields the faces of sources at every step.

    Args:
        finder: finds and crops the faces of clean frames.
        reader: reader of the frames that are looked at.
        every_frame: a reader of all frames, which H.264 takes.
        steps: steps from ``steps_of``.
        folder: folder for a temporary file.
    """

    def __init__(
        self, finder: FaceFinder, reader: Reader, every_frame: Reader, steps: Sequence[Step], folder: Path
    ) -> None:
        self._finder = finder
        self._reader = reader
        self._every_frame = every_frame
        self._steps = steps
        self._file = folder / "run.mp4"

    def of_sources(self, sources: Iterable[Source]) -> Generator[Cropped | Outcome, None, None]:
        """Crops of each source, and then its outcomes, one for each step in their order.

        A source that cannot be read has the error in all of them; one that cannot be encoded, in H.264's.
        """
        for started, reading in start_readings(self._reader, sources):
            outcomes = [
                StepOutcome(started.source, None, started.error, started.sha256, step=step) for step in self._steps
            ]
            encoded = [each for each in outcomes if each.step.is_encoded]
            seen = _Seen()
            with reading or nullcontext():
                try:
                    if reading is not None:
                        yield from self._in_memory(reading, outcomes, seen)
                except SourceError as error:
                    _fail(outcomes, error)
            try:
                if encoded and seen.crops and outcomes[0].error is None:
                    yield from self._encoded(encoded, seen)
            except SourceError as error:
                _fail(encoded, error)
            yield from outcomes

    def _in_memory(
        self, reading: Reading, outcomes: Sequence[StepOutcome], seen: _Seen
    ) -> Generator[Cropped, None, None]:
        clean, *others = outcomes
        kept = _KeptFrames(reading)
        found = self._finder.find(kept, clean)
        for (_, index), group in groupby(found, key=lambda each: (id(each.scores), each.crop.frame_index)):
            image = kept.image(index)  # now, since the group's end is where the finder goes on
            faces = list(group)
            _begin_anew_if_needed(others, seen, faces[0].scores)
            yield from faces
            crops = [each.crop for each in faces]
            seen.crops[index] = [_without_pixels(each) for each in crops]
            seen.turns[index] = faces[0].turn
            seen.most_bytes = max(seen.most_bytes, image.nbytes)
            for outcome in others:
                if not outcome.step.is_encoded:
                    yield from _measured(outcome, _degraded(outcome, image, crops), seen)
        if clean.scores is not None:
            _begin_anew_if_needed(others, seen, clean.scores)
            for outcome in others:
                if outcome.scores is not None:
                    outcome.scores.frame_indices += clean.scores.frame_indices
                    outcome.scores.notes += clean.scores.notes

    def _encoded(self, outcomes: Sequence[StepOutcome], seen: _Seen) -> Generator[Cropped, None, None]:
        source = outcomes[0].source
        runs = plan_runs(list(seen.crops), frames_of_a_run(seen.most_bytes))
        with (
            self._every_frame.start(source) as reading,
            closing(gather(reading, runs, seen.most_bytes)) as gathered_runs,
        ):
            for gathered in gathered_runs:
                for outcome in outcomes:
                    images = encoded_anew(source_name(source), gathered, outcome.step.strength, self._file)
                    crops = (crop for index, image in images for crop in _cut(seen.crops[index], image))
                    yield from _measured(outcome, crops, seen)


class _KeptFrames(Reading):
    """A reading whose last frames can be looked at again."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._images: dict[int, ImageArray] = {}

    def __iter__(self) -> Iterator[Event]:
        for event in self._reading:
            if isinstance(event, Frame):
                if len(self._images) == _FRAMES_KEPT:
                    del self._images[next(iter(self._images))]
                self._images[event.index] = np.array(on_host(event.image))
            else:
                self._images.clear()
            yield event

    def image(self, index: int) -> ImageArray:
        """The frame with this index, one of the last."""
        return self._images[index]

    def close(self) -> None:
        """Close the reading itself."""
        self._reading.close()


def _begin_anew_if_needed(outcomes: Iterable[StepOutcome], seen: _Seen, clean: SourceScores) -> None:
    """Forget what one decoder gave, where another started over: it no longer counts."""
    if clean is seen.scores:
        return
    seen.scores = clean
    seen.crops.clear()
    seen.turns.clear()
    for outcome in outcomes:
        outcome.scores = SourceScores(clean.decoder, clean.frame_count, duration_seconds=clean.duration_seconds)


def _degraded(outcome: StepOutcome, image: ImageArray, crops: Sequence[FaceCrop]) -> Iterator[FaceCrop]:
    degradation, strength = outcome.step.degradation, outcome.step.strength
    if degradation is None or degradation.apply is None:
        raise ValueError(f"only a degradation in memory can be applied to a frame; got {outcome.step}")
    seed = [zlib.crc32(Path(source_name(outcome.source)).name.encode()), crops[0].frame_index, round(1000 * strength)]
    random = np.random.default_rng(seed)
    groups = [[each] for each in crops] if degradation.of_face else [crops]
    for group in groups:
        try:
            degraded = degradation.apply(image, strength, FaceContext(group[0].square, random))
        except (OSError, ValueError) as error:
            reason = f"{degradation.label} cannot be applied to its frames ({first_line(error)})"
            raise SourceError(source_name(outcome.source), reason) from error
        yield from _cut(group, degraded)


def _measured(outcome: StepOutcome, crops: Iterable[FaceCrop], seen: _Seen) -> Iterator[Cropped]:
    """Crops on their way to the networks, and the time that it took to make them."""
    begun = time.perf_counter()
    made = list(crops)
    outcome.seconds += time.perf_counter() - begun
    if outcome.scores is not None:
        for crop in made:
            yield Cropped((crop,), outcome.scores, outcome, seen.turns[crop.frame_index])


def _cut(crops: Sequence[FaceCrop], image: ImageArray) -> list[FaceCrop]:
    """Cut the same faces out of another version of their frame, on the device where they were cut first."""
    first = crops[0].image
    placed: AnyImage = torch.tensor(image, device=first.device) if isinstance(first, torch.Tensor) else image
    return crop_again(crops, placed)


def _without_pixels(crop: FaceCrop) -> FaceCrop:
    """The crop with an image of the same shape and place that takes no memory."""
    shape = tuple(crop.image.shape)
    if isinstance(crop.image, torch.Tensor):
        return replace(crop, image=crop.image.new_zeros(()).expand(shape))
    return replace(crop, image=np.broadcast_to(np.uint8(0), shape))


def _fail(outcomes: Iterable[StepOutcome], error: SourceError) -> None:
    for outcome in outcomes:
        outcome.scores, outcome.error = None, error
