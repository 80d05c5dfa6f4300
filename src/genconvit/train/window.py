"""The part of a crop that is looked at, as a square of one size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from genconvit.core.types import ImageArray
from genconvit.crops.record import Point
from genconvit.faces.crop import crop_face
from genconvit.train.ranges import Range, drawn


class Window(NamedTuple):
    """A square part of a crop, in shares of the crop's longer side.

    Attributes:
        left: distance from the left edge of the square that the crop is filled up to.
        top: distance from its top edge.
        side: length of its side.
    """

    left: float
    top: float
    side: float


WHOLE = Window(0.0, 0.0, 1.0)


def drawn_window(random: np.random.Generator, sides: Range) -> Window:
    """A window of a side that is drawn, anywhere in the crop."""
    side = drawn(random, sides)
    left, top = random.random(2) * (1 - side)
    return Window(float(left), float(top), side)


def as_square(
    image: ImageArray, landmarks: Sequence[Point], size: int, window: Window = WHOLE
) -> tuple[ImageArray, tuple[Point, ...]]:
    """A crop, or a part of it, as a square of one size, and its landmarks with it.

    A crop that is no square is filled up with its edge pixels.

    Args:
        image: RGB, uint8 [height, width, 3].
        landmarks: x and y in pixels of the image.
        size: the square's side in pixels.
        window: the part.

    Returns:
        RGB uint8 [size, size, 3], and the landmarks in its pixels, also those that lie outside of it.
    """
    height, width = image.shape[:2]
    side = max(width, height)
    x, y = (width - side) / 2 + window.left * side, (height - side) / 2 + window.top * side
    reach = window.side * side
    square, (left, top, right, _) = crop_face(image, (x, y, x + reach, y + reach), size)
    factor = size / (right - left)
    return square, tuple(((x - left) * factor, (y - top) * factor) for x, y in landmarks)
