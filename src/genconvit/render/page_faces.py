"""Faces of a page: which are shown, and what is said of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from genconvit.render.page_heat import HeatMaps, HeatPicture
from genconvit.render.page_pictures import Pictures, data_address
from genconvit.render.timeline import of_branch, place_of
from genconvit.results.quality import FaceQuality
from genconvit.results.result import FaceResult, VideoResult
from genconvit.video.sampling import evenly_spaced

MOST_FACES = 60
"""Most faces that a page shows, which bounds its size."""

MOST_EXTREMES = 3
"""Most faces that are shown as the most suspicious ones, and as the least suspicious ones."""


@dataclass(frozen=True)
class ShownHeat:
    """One heat map of a page.

    Attributes:
        picture: heat map in words.
        address: address that holds its picture.
    """

    picture: HeatPicture
    address: str


@dataclass(frozen=True)
class ShownFace:
    """One face of a page.

    Attributes:
        number: number of the face, counted from 0 in the result.
        place: time in the video, or number of the frame.
        title: place, and the person where there are several.
        face: face in the result.
        probability: fake probability as text; None where the weights are untrained.
        branches: name and fake probability of each branch; empty where the weights are untrained.
        quality: measured values of its picture, in words; empty where none were measured.
        crop: address that holds the face; None without pictures.
        frame: address that holds the frame with a box around the face; None without pictures.
        heat: heat maps; empty where there are none.
    """

    number: int
    place: str
    title: str
    face: FaceResult
    probability: str | None
    branches: tuple[tuple[str, str], ...]
    quality: tuple[str, ...]
    crop: str | None
    frame: str | None
    heat: tuple[ShownHeat, ...]

    @property
    def anchor(self) -> str:
        """Name of its place in the page."""
        return f"face-{self.number}"


def extreme_faces(result: VideoResult) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Give the numbers of the most and of the least suspicious faces, none in both; none of untrained weights.

    The most suspicious come first in the first, the least suspicious in the second.
    """
    if not result.provenance.weights.trained:
        return (), ()
    ranked = sorted(range(len(result.faces)), key=lambda number: -result.faces[number].fake_probability)
    count = min(MOST_EXTREMES, (len(ranked) + 1) // 2)
    return tuple(ranked[:count]), tuple(reversed(ranked[max(count, len(ranked) - count) :]))


def shown_numbers(result: VideoResult) -> tuple[int, ...]:
    """Choose the faces of a page: all, or the extremes and evenly spaced ones between them, in their order."""
    count = len(result.faces)
    if count <= MOST_FACES:
        return tuple(range(count))
    chosen = {number for numbers in extreme_faces(result) for number in numbers}
    others = [number for number in range(count) if number not in chosen]
    chosen |= {others[place] for place in evenly_spaced(len(others), MOST_FACES - len(chosen))}
    return tuple(sorted(chosen))


def shown_faces(
    result: VideoResult, numbers: Sequence[int], pictures: Pictures, heat_maps: HeatMaps
) -> dict[int, ShownFace]:
    """Make what is said of these faces, by their numbers."""
    return {number: _shown(result, number, pictures, heat_maps) for number in numbers}


def _shown(result: VideoResult, number: int, pictures: Pictures, heat_maps: HeatMaps) -> ShownFace:
    face, trained = result.faces[number], result.provenance.weights.trained
    place, picture = place_of(face), pictures.faces.get(number)
    person = f", person {face.track + 1}" if result.lasting_tracks > 1 else ""
    branches = [(branch, f"{of_branch(face, branch):.3f}") for branch in face.branches] if trained else []
    return ShownFace(
        number=number,
        place=place,
        title=f"{place}{person}",
        face=face,
        probability=f"{face.fake_probability:.3f}" if trained else None,
        branches=tuple(branches) if len(branches) > 1 else (),
        quality=tuple(_quality(face.quality)),
        crop=data_address(picture.crop) if picture else None,
        frame=data_address(picture.place) if picture else None,
        heat=tuple(ShownHeat(each, data_address(each.image)) for each in heat_maps.faces.get(number, ())),
    )


def _quality(quality: FaceQuality | None) -> Iterator[str]:
    if quality is None:
        return
    yield f"{quality.width_px} pixels wide"
    if quality.sharpness is not None:
        yield f"sharpness {quality.sharpness:.2g}"
    if quality.luma is not None:
        yield f"mean luma {quality.luma:.0f} of 255"
    if quality.yaw_degrees is not None:
        side = "left" if quality.yaw_degrees < 0 else "right"
        yield f"turned {abs(quality.yaw_degrees):.0f}° to the {side}"
    if quality.outside:
        yield f"{quality.outside:.0%} of it outside of the frame"
