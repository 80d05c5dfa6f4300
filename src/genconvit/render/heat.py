"""A heat map over its face, as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genconvit.core.types import ImageArray

if TYPE_CHECKING:
    from genconvit.explain.heat_map import HeatMap

_LUMA = (0.299, 0.587, 0.114)
_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
_COLOURS = np.array([(20, 16, 60), (92, 30, 130), (196, 54, 92), (244, 140, 40), (252, 240, 160)], np.float32)
"""Colours for those shares of the hottest: each lighter than the one before, so that they read in grey as well."""

_MOST_COVER = 0.8
"""Share of a pixel that the colour of the hottest place covers."""

_PLACES = (("upper left", "top", "upper right"), ("left", "middle", "right"), ("lower left", "bottom", "lower right"))


def draw_heat(crop: ImageArray, heat: HeatMap, hottest: float) -> ImageArray:
    """Lay a heat map over its face in grey.

    Args:
        crop: face that the map is of, RGB uint8 [size, size, 3].
        heat: map of a single face, of that size.
        hottest: raw value that is drawn as the hottest, so that the maps of several faces can be compared; 0 draws
            the face alone.

    Returns:
        RGB uint8 [size, size, 3].
    """
    grey = (crop.astype(np.float32) @ np.array(_LUMA, np.float32))[..., None].repeat(3, axis=2)
    shares = np.clip(heat.upsampled * (heat.maximum / hottest if hottest else 0.0), 0, 1)
    colours = np.stack([np.interp(shares, _SHARES, _COLOURS[:, channel]) for channel in range(3)], axis=-1)
    cover = (shares * _MOST_COVER)[..., None]
    return np.clip(np.rint(grey * (1 - cover) + colours * cover), 0, 255).astype(np.uint8)


def hottest_place(heat: HeatMap) -> str | None:
    """Where in the face a map is hottest, in words; None where it is zero everywhere.

    Args:
        heat: map of a single face.
    """
    if not heat.maximum:
        return None
    height, width = heat.grid
    row, column = divmod(int(heat.raw.argmax()), width)
    return _PLACES[min(2, 3 * row // height)][min(2, 3 * column // width)]
