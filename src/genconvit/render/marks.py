"""Marks for the faces of any frame of a video: as they were found in searched frames, interpolated in between."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from genconvit.core.types import Box
from genconvit.results.result import FaceResult, VideoResult


@dataclass(frozen=True)
class FaceMark:
    """One face of one frame, as it is drawn.

    Attributes:
        box: left, top, right, bottom in pixels of the frame as it is shown.
        person: number of its track, counted from 0.
        fake_probability: fake probability of this face in [0, 1]; None where the weights are untrained.
        interpolated: true in a frame that was not searched, between two in which the person was found.
    """

    box: Box
    person: int
    fake_probability: float | None
    interpolated: bool


class Marks:
    """Marks for each frame of a video.

    A box is interpolated, linearly over the frames, only between two searched frames that follow one another and show
    the same person: where a search found nothing of them, nothing is drawn. Results that know no tracks have marks in
    searched frames alone.

    Args:
        result: answer for the video.
    """

    def __init__(self, result: VideoResult) -> None:
        self._trained = result.provenance.weights.trained
        self._searched = result.provenance.frame_indices
        self._has_tracks = bool(result.tracks)
        self._faces: dict[int, dict[int, list[FaceResult]]] = {}
        for face in result.faces:
            self._faces.setdefault(face.track, {}).setdefault(face.frame_index, []).append(face)

    def at(self, index: int) -> tuple[FaceMark, ...]:
        """Give the marks for a frame, in the order of the persons.

        Args:
            index: index of the frame in the video, counted from 0.
        """
        place = bisect_right(self._searched, index)
        before = self._searched[place - 1] if place else None
        if before == index:
            return tuple(
                self._mark(face, person) for person, seen in self._faces.items() for face in seen.get(index, ())
            )
        if before is None or place == len(self._searched) or not self._has_tracks:
            return ()
        after = self._searched[place]
        share = (index - before) / (after - before)
        return tuple(
            self._between(seen[before][0], seen[after][0], share, person)
            for person, seen in self._faces.items()
            if before in seen and after in seen
        )

    def _mark(self, face: FaceResult, person: int) -> FaceMark:
        return FaceMark(face.box, person, face.fake_probability if self._trained else None, interpolated=False)

    def _between(self, first: FaceResult, second: FaceResult, share: float, person: int) -> FaceMark:
        left, top, right, bottom = (
            (1 - share) * one + share * other for one, other in zip(first.box, second.box, strict=True)
        )
        probability = (1 - share) * first.fake_probability + share * second.fake_probability
        return FaceMark((left, top, right, bottom), person, probability if self._trained else None, interpolated=True)
