"""Frames whose pixels are not square, stretched so that they are."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from PIL import Image

from genconvit.core.types import AnyImage
from genconvit.video.size_limits import MAX_FRAME_PIXELS

SQUARE = Fraction(1)

_MOST = 4
"""The longest pixel that is believed; those of common formats are at most 32:11."""

_LEAST = Fraction(1, 100)
"""Least by which a pixel has to be longer on one side for frames to be stretched; below that nothing is to be seen."""


def believed_aspect(stated: Fraction | None, width: int, height: int) -> tuple[Fraction, str | None]:
    """A pixel's width over its height as a file states it, and a note where that is not believed.

    Args:
        stated: aspect that the file states; None where it says nothing.
        width: width of a stored frame, in pixels.
        height: height of a stored frame, in pixels.

    Returns:
        ``SQUARE`` where nothing is to be done.
    """
    if stated is None or stated <= 0 or abs(stated - 1) < _LEAST:
        return SQUARE, None
    said = f"the file says that its pixels are {stated.numerator}:{stated.denominator}, which is not believed"
    if not Fraction(1, _MOST) <= stated <= _MOST:
        return SQUARE, f"{said} (at most {_MOST}:1 is)"
    stretched_width, stretched_height = _stretched(width, height, stated)
    if stretched_width * stretched_height > MAX_FRAME_PIXELS:
        return SQUARE, f"{said} (stretched frames would be {stretched_width} x {stretched_height})"
    return stated, None


def square_note(aspect: Fraction, *, stretched: bool) -> str | None:
    """Note pixels that are not square for a result; None where they are."""
    if aspect == SQUARE:
        return None
    done = "frames were stretched to square ones" if stretched else "frames were not stretched"
    return f"its pixels are {aspect.numerator}:{aspect.denominator}; {done}"


def squared(image: AnyImage, aspect: Fraction) -> AnyImage | None:
    """An image enlarged along one side so that its pixels are square; None where it would be too large.

    Args:
        image: RGB, uint8 [height, width, 3].
        aspect: width that a pixel is to be shown with, over its height.
    """
    height, width = image.shape[:2]
    size = _stretched(width, height, aspect)
    if size == (width, height):
        return image
    if size[0] * size[1] > MAX_FRAME_PIXELS:
        return None
    if isinstance(image, np.ndarray):
        return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))
    return _stretched_tensor(image, size)


def _stretched(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    return (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))


def _stretched_tensor(image: AnyImage, size: tuple[int, int]) -> AnyImage:
    import torch

    planes = torch.as_tensor(image).permute(2, 0, 1)[None].float()
    larger = torch.nn.functional.interpolate(planes, size=size[::-1], mode="bilinear")
    return larger[0].permute(1, 2, 0).round_().to(torch.uint8).contiguous()
