"""Heat maps laid over pictures of faces."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
from PIL import Image

from genconvit.core.types import ImageArray

_STATIONS = ((25, 45, -70), (45, 65, -30), (62, 58, 20), (76, 25, 65), (93, -12, 70))
"""Colours that the map goes through in a straight line from one to the next, in CIELAB: from a dark blue by way of
magenta and orange to a light yellow."""

_STEPS = 256
_OPACITY = 0.65
_FADED_BELOW = 0.25
"""Heat below which the colour fades out, so that a cold place shows the face and nothing else."""

_GREY = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in a grey (ITU-R BT.601)."""


def heat_overlay(crop: ImageArray, heat: npt.NDArray[np.floating]) -> ImageArray:
    """Lay a heat map over a picture of a face, which turns grey so that every colour in it is the map's.

    What is cold shows the face and nothing else.

    Args:
        crop: RGB uint8 [height, width, 3]; stays as it is.
        heat: float [h, w] in [0, 1], of any resolution; it covers the whole crop, and is interpolated bilinearly.

    Returns:
        RGB uint8 [height, width, 3].

    Raises:
        ValueError: the heat has another shape, or values outside of its range.
    """
    if heat.ndim != 2 or not heat.size:
        raise ValueError(f"the heat over one picture has the shape [h, w]; got {list(heat.shape)}: give one map")
    if not (heat.min() >= 0 and heat.max() <= 1):  # false for NaN as well
        raise ValueError(
            f"heat lies in [0, 1]; got {heat.min():g} to {heat.max():g}: divide it by its maximum, as HeatMap.values is"
        )
    height, width = crop.shape[:2]
    resized = Image.fromarray(heat.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    places = np.rint(np.clip(resized, 0, 1) * (_STEPS - 1)).astype(np.intp)
    grey = (crop @ np.array(_GREY, np.float32))[..., None]
    cover = _OPACITY * np.minimum(places / (_FADED_BELOW * (_STEPS - 1)), 1)[..., None]
    return np.rint((1 - cover) * grey + cover * heat_colours()[places]).astype(np.uint8)


@functools.cache
def heat_colours() -> ImageArray:
    """Colours of heat from 0 to 1, RGB uint8 [256, 3], read-only.

    Equal steps of heat are equal steps for the eye, and each is lighter than the one before, so that the order shows
    without the hue, to colour-blind readers and in print.
    """
    from skimage.color import lab2rgb

    stations = np.array(_STATIONS, np.float64)
    ways = np.linalg.norm(np.diff(stations, axis=0), axis=1)
    reached = np.concatenate([[0.0], ways.cumsum()]) / ways.sum()
    lab = np.stack([np.interp(np.linspace(0, 1, _STEPS), reached, values) for values in stations.T], axis=1)
    colours: ImageArray = np.rint(lab2rgb(lab[None])[0] * 255).astype(np.uint8)
    colours.setflags(write=False)
    return colours
