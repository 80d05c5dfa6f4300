"""Marks for the faces of any frame of a video: as they were found in searched frames, interpolated in between."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from genconvit.core.types import Box, FloatArray
from genconvit.results.heat_maps import ResultHeatMaps
from genconvit.results.result import FaceResult, VideoResult


@dataclass(frozen=True, eq=False)
class HeatPatch:
    """Heat of one face in one frame.

    Attributes:
        square: left, top, right, bottom in pixels of the frame as it is shown.
        values: float32 [h, w] in [0, 1], over that square.
    """

    square: Box
    values: FloatArray


@dataclass(frozen=True)
class FaceMark:
    """One face of one frame, as it is drawn.

    Attributes:
        box: left, top, right, bottom in pixels of the frame as it is shown.
        person: number of its track, counted from 0.
        fake_probability: fake probability of this face in [0, 1]; None where the weights are untrained.
        interpolated: true in a frame that was not searched, between two in which the person was found.
        heat: heat of this face; None where none is drawn.
    """

    box: Box
    person: int
    fake_probability: float | None
    interpolated: bool
    heat: HeatPatch | None = None


_Face = tuple[int, FaceResult]
"""A face, and its number in the result."""


class Marks:
    """Marks for each frame of a video.

    A box is interpolated, linearly over the frames, only between two searched frames that follow one another and show
    the same person: where a search found nothing of them, nothing is drawn. Results that know no tracks have marks in
    searched frames alone.

    Heat is interpolated as boxes are.

    Args:
        result: answer for the video.
        heat_maps: heat maps of its faces; None is no heat.
    """

    def __init__(self, result: VideoResult, heat_maps: ResultHeatMaps | None = None) -> None:
        self._heat_maps = heat_maps
        self._trained = result.provenance.weights.trained
        self._searched = result.provenance.frame_indices
        self._has_tracks = bool(result.tracks)
        self._faces: dict[int, dict[int, list[_Face]]] = {}
        for number, face in enumerate(result.faces):
            self._faces.setdefault(face.track, {}).setdefault(face.frame_index, []).append((number, face))

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

    def _mark(self, numbered: _Face, person: int) -> FaceMark:
        number, face = numbered
        values = self._heat_maps.of_face(number) if self._heat_maps else None
        heat = None if values is None else HeatPatch(face.crop, values)
        return FaceMark(face.box, person, face.fake_probability if self._trained else None, False, heat)

    def _between(self, first: _Face, second: _Face, share: float, person: int) -> FaceMark:
        one, other = self._mark(first, person), self._mark(second, person)
        probability = None
        if one.fake_probability is not None and other.fake_probability is not None:
            probability = (1 - share) * one.fake_probability + share * other.fake_probability
        return FaceMark(
            _box_between(one.box, other.box, share), person, probability, True, _heat_between(one, other, share)
        )


def _box_between(one: Box, other: Box, share: float) -> Box:
    left, top, right, bottom = ((1 - share) * a + share * b for a, b in zip(one, other, strict=True))
    return left, top, right, bottom


def _heat_between(one: FaceMark, other: FaceMark, share: float) -> HeatPatch | None:
    first, second = one.heat, other.heat
    if first is None or second is None or first.values.shape != second.values.shape:
        return None
    values = (1 - share) * first.values + share * second.values
    return HeatPatch(_box_between(first.square, second.square, share), values)
