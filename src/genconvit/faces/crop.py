"""From a face's box to the square image that a network sees."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from genconvit.errors import ConfigError
from genconvit.faces.base import SquareRule
from genconvit.types import Box, DetectedFace, FaceCrop, Frame, ImageArray

_FARTHEST_PX = 1e7
"""Coordinates beyond this many pixels are pulled back to it, so that their sums stay exact."""

_LARGEST_SIDE = 2
"""A square's side is at most this many times the frame's longer side."""

_Weights = npt.NDArray[np.float32]


def square_of(box: Box, rule: SquareRule, margin: float = 0.0) -> Box:
    """The square that a detector's box stands for.

    Its side is ``rule.side`` heights of the box times ``1 + margin``; its centre lies ``rule.shift_down``
    heights of the box below the box's.

    Args:
        box: left, top, right, bottom in pixels of the frame.
        rule: the detector's rule.
        margin: how much longer the side becomes, as a fraction of it; at least -0.5.

    Returns:
        Left, top, right, bottom in pixels of the frame, not rounded; may reach over the frame's edge.

    Raises:
        ConfigError: the margin is below -0.5 or not finite.

    Examples:
        >>> square_of((10.0, 20.0, 110.0, 120.0), SquareRule(side=0.8, shift_down=0.05), margin=0.25)
        (10.0, 25.0, 110.0, 125.0)
    """
    if not (math.isfinite(margin) and margin >= -0.5):
        raise ConfigError(f"the crop's margin is a number of at least -0.5, got {margin}; 0.0 adds none")
    left, top, right, bottom = (min(max(value, -_FARTHEST_PX), _FARTHEST_PX) for value in box)
    height = bottom - top
    half = rule.side * height * (1 + margin) / 2
    centre_x = (left + right) / 2
    centre_y = (top + bottom) / 2 + rule.shift_down * height
    return centre_x - half, centre_y - half, centre_x + half, centre_y + half


def crop_face(image: ImageArray, square: Box, size: int) -> tuple[ImageArray, Box]:
    """Cut a square out of a frame and resize it.

    The square is rounded to whole pixels, of which a side has at least one and at most twice the frame's
    longer side, and shifted into the frame. Where it is longer than the frame it covers the frame wholly, and
    the frame's edge pixels are repeated beyond it. Shrinking averages over the exact area that an output
    pixel covers; enlarging is bilinear with pixel centres at half coordinates.

    Args:
        image: RGB, uint8 [height, width, 3].
        square: left, top, right, bottom in pixels of the frame.
        size: the output's side in pixels.

    Returns:
        RGB uint8 [size, size, 3], and the square that was cut, in whole pixels of the frame.

    Raises:
        ConfigError: the size is below 1.
    """
    if size < 1:
        raise ConfigError(f"a face crop's size is at least 1 pixel, got {size}; the published weights take 224")
    height, width = image.shape[:2]
    side, left, top = _whole_pixels(square, width, height)
    weights = _resize_weights(side, size)
    rows, columns = _inside(weights, top, height), _inside(weights, left, width)
    y, x = max(top, 0), max(left, 0)
    pixels = image[y : y + rows.shape[1], x : x + columns.shape[1]].astype(np.float32)
    squeezed = rows @ pixels.reshape(len(pixels), -1)
    turned = squeezed.reshape(size, -1, 3).transpose(1, 0, 2).reshape(columns.shape[1], -1)
    resized = (columns @ turned).reshape(size, size, 3).transpose(1, 0, 2)
    cut = (float(left), float(top), float(left + side), float(top + side))
    return np.clip(np.rint(resized), 0, 255).astype(np.uint8), cut


def crop_faces(
    frame: Frame, faces: Iterable[DetectedFace], rule: SquareRule, size: int, margin: float = 0.0
) -> list[FaceCrop]:
    """Cut every face out of a frame, in the order given.

    Args:
        frame: the frame.
        faces: what a detector found in it.
        rule: that detector's rule.
        size: the crops' side in pixels.
        margin: how much longer the squares' sides become, as a fraction; at least -0.5.

    Raises:
        ConfigError: the size or the margin is out of its range.
    """
    crops = []
    for face in faces:
        image, square = crop_face(frame.image, square_of(face.box, rule, margin), size)
        crops.append(FaceCrop(frame.index, frame.pts_seconds, face, square, image))
    return crops


def _whole_pixels(square: Box, width: int, height: int) -> tuple[int, int, int]:
    """The side, left and top of the nearest square of whole pixels that the frame can be cut to."""
    left, top, right, bottom = (min(max(value, -_FARTHEST_PX), _FARTHEST_PX) for value in square)
    longest = _LARGEST_SIDE * max(width, height)
    side = min(max(_nearest((right - left + bottom - top) / 2), 1), longest)
    first_x = _nearest((left + right - side) / 2)
    first_y = _nearest((top + bottom - side) / 2)
    return side, _shifted(first_x, width - side), _shifted(first_y, height - side)


def _nearest(value: float) -> int:
    return math.floor(value + 0.5)


def _shifted(first: int, room: int) -> int:
    """The nearest start with the square in the frame (room >= 0) or the frame in the square."""
    return min(max(first, min(room, 0)), max(room, 0))


@functools.lru_cache(maxsize=16)
def _resize_weights(length: int, size: int) -> _Weights:
    """Float32 [size, length]: what each pixel adds to each of the output's; rows sum to 1."""
    outputs = np.arange(size, dtype=np.float64)[:, None]
    pixels = np.arange(length, dtype=np.float64)
    step = length / size
    if length >= size:
        ends = np.minimum((outputs + 1) * step, pixels + 1)
        weights = np.clip(ends - np.maximum(outputs * step, pixels), 0, None) / step
    else:
        centres = np.clip((outputs + 0.5) * step - 0.5, 0, length - 1)
        weights = np.clip(1 - np.abs(centres - pixels), 0, None)
    frozen: _Weights = weights.astype(np.float32)
    frozen.setflags(write=False)
    return frozen


def _inside(weights: _Weights, first: int, available: int) -> _Weights:
    """The weights for the pixels that exist.

    Repeating an edge pixel is the same as adding to it what the pixels beyond the edge would have weighed, so
    no padded copy of the frame is made.

    Args:
        weights: [size, length].
        first: where the first of the `length` pixels lies in the frame, negative before its edge.
        available: the frame's pixels along this axis.
    """
    start, stop = max(-first, 0), min(available - first, weights.shape[1])
    if start == 0 and stop == weights.shape[1]:
        return weights
    inner = weights[:, start:stop].copy()
    inner[:, 0] += weights[:, :start].sum(axis=1)
    inner[:, -1] += weights[:, stop:].sum(axis=1)
    return inner
