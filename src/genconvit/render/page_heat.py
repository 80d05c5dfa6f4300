"""Heat maps of a page: made by a detector that has the weights of the result, or a reason why there are none."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from genconvit.core.errors import GenConViTError
from genconvit.core.types import ImageArray
from genconvit.detector import Detector
from genconvit.render.heat import heat_colours, heat_overlay
from genconvit.render.heat_maps import NEVER_TRAINED, why_no_heat_maps
from genconvit.results.result import VideoResult

if TYPE_CHECKING:
    from genconvit.explain.heat_map import FaceHeatMaps, HeatMap

_UNITS = {"Grad-CAM": "logit", "Attention": "of all attention", "Reconstruction error": "of the pixels' range"}
"""Unit of each kind's values, after their number."""

_PLACES = (("upper left", "top", "upper right"), ("left", "middle", "right"), ("lower left", "bottom", "lower right"))

_MOST_DIFFERENCE = 0.1
"""Most that lower precisions change a fake probability by; more is another model."""


@dataclass(frozen=True, eq=False)
class HeatPicture:
    """One heat map as it is shown.

    Attributes:
        kind: kind of the map.
        name: branch or direction of attention.
        image: map over its face, RGB uint8 [size, size, 3].
        maximum: largest value in words, with its unit.
        hottest: place in the face that is hottest, in words; None where the map is zero everywhere.
    """

    kind: str
    name: str
    image: ImageArray
    maximum: str
    hottest: str | None


@dataclass(frozen=True)
class HeatMaps:
    """Heat maps of the faces that a page explains.

    Attributes:
        faces: pictures by the face's number in the result.
        missing: reason why there are none, a clause without a full stop; None where there are.
        difference: largest difference between a face's fake probability in the pass that made its maps, and in the
            result.
    """

    faces: dict[int, tuple[HeatPicture, ...]]
    missing: str | None
    difference: float = 0.0

    @property
    def within(self) -> str:
        """The difference in words, rounded up."""
        return f"{math.ceil(self.difference * 1000 + 1e-9) / 1000:.3f}"


def make_heat_maps(
    result: VideoResult, crops: Mapping[int, ImageArray], detector: Detector | None, *, wanted: bool = True
) -> HeatMaps:
    """Make heat maps of faces.

    Args:
        result: answer that the faces are of.
        crops: faces as the networks saw them, by their numbers in the result.
        detector: detector that makes them; None makes none.
        wanted: false where they were switched off.
    """
    missing = _why_none(result, crops, detector) if wanted else "they were switched off"
    if missing is not None or detector is None:
        return HeatMaps({}, missing)
    try:
        maps = detector.heat_maps(np.stack(list(crops.values())))
    except GenConViTError as error:
        return HeatMaps({}, str(error))
    difference = max(
        abs(each.fake_probability - result.faces[number].fake_probability)
        for number, each in zip(crops, maps, strict=True)
    )
    if difference > _MOST_DIFFERENCE:
        return HeatMaps(
            {}, f"the detector at hand gives these faces other fake probabilities, by up to {difference:.2f}"
        )
    return HeatMaps(_pictures(crops, maps), None, difference)


def _why_none(result: VideoResult, crops: Mapping[int, ImageArray], detector: Detector | None) -> str | None:
    if detector is None:
        return (
            "the page was made without a detector that has the weights"
            if result.provenance.weights.trained
            else NEVER_TRAINED
        )
    return why_no_heat_maps(result, detector) or (None if crops else "there are no pictures of the faces")


def _pictures(crops: Mapping[int, ImageArray], maps: Sequence[FaceHeatMaps]) -> dict[int, tuple[HeatPicture, ...]]:
    hottest: dict[tuple[str, str], float] = defaultdict(float)
    for each in maps:
        for kind, name, heat in _kinds(each):
            hottest[kind, name] = max(hottest[kind, name], heat.maximum)
    return {
        number: tuple(
            HeatPicture(
                kind,
                name.replace("_", " "),
                heat_overlay(crops[number], heat.raw / (hottest[kind, name] or 1)),
                f"at most {heat.maximum:.2g} {_UNITS[kind]}" if heat.maximum else "zero everywhere",
                hottest_place(heat),
            )
            for kind, name, heat in _kinds(each)
        )
        for number, each in zip(crops, maps, strict=True)
    }


def _kinds(maps: FaceHeatMaps) -> Iterator[tuple[str, str, HeatMap]]:
    kinds = {"Grad-CAM": maps.grad_cam, "Attention": maps.attention, "Reconstruction error": maps.reconstruction_error}
    for kind, named in kinds.items():
        for name, heat in named.items():
            yield kind, name, heat


def hottest_place(heat: HeatMap) -> str | None:
    """Name the place in the face where a map is hottest; None where it is zero everywhere.

    Args:
        heat: map of a single face.
    """
    if not heat.maximum:
        return None
    height, width = heat.grid
    row, column = divmod(int(heat.raw.argmax()), width)
    return _PLACES[min(2, 3 * row // height)][min(2, 3 * column // width)]


def heat_ramp() -> ImageArray:
    """Colours of heat from left to right, from nothing to the hottest, RGB uint8 [16, 256, 3]."""
    return np.repeat(heat_colours()[None], 16, axis=0)
