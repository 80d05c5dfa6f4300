"""Faces cut out of frames, in the size that a network sees."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from genconvit.core.cut import Cut
from genconvit.core.types import AnyImage, Box, DetectedFace, FaceCrop, Frame, ImageArray
from genconvit.faces.align import level_angle, sample_turned, square_around
from genconvit.faces.batch import stacked
from genconvit.faces.square import check_crop_size, square_for, whole_pixels, whole_square

if TYPE_CHECKING:
    from torch import Tensor

_Weights = npt.NDArray[np.float32]


def crop_face(image: ImageArray, square: Box, size: int) -> tuple[ImageArray, Box]:
    """Cut a square out of a frame and resize it.

    The square becomes one of whole pixels by ``whole_pixels``; where it is longer than the frame, the frame's edge
    pixels are repeated. Shrinking averages over the exact area that an output pixel covers; enlarging is bilinear
    with pixel centres at half coordinates.

    Args:
        image: RGB, uint8 [height, width, 3].
        square: left, top, right, bottom in pixels of the frame.
        size: the output's side in pixels.

    Returns:
        RGB uint8 [size, size, 3], and the square that was cut, in whole pixels of the frame.

    Raises:
        ConfigError: the size is below 1.
    """
    check_crop_size(size)
    height, width = image.shape[:2]
    side, left, top = whole_pixels(square, width, height)
    weights = _resize_weights(side, size)
    rows, columns = _inside(weights, top, height), _inside(weights, left, width)
    y, x = max(top, 0), max(left, 0)
    pixels = image[y : y + rows.shape[1], x : x + columns.shape[1]].astype(np.float32)
    squeezed = rows @ pixels.reshape(len(pixels), -1)
    turned = squeezed.reshape(size, -1, 3).transpose(1, 0, 2).reshape(columns.shape[1], -1)
    resized = (columns @ turned).reshape(size, size, 3).transpose(1, 0, 2)
    return np.clip(np.rint(resized), 0, 255).astype(np.uint8), whole_square(square, width, height)


def crop_faces(frame: Frame, faces: Iterable[DetectedFace], cut: Cut, margin: float = 0.0) -> list[FaceCrop]:
    """Cut every face out of a frame, in the order given: on the device where the frame is a tensor there.

    Args:
        frame: the frame.
        faces: faces that a detector found in it.
        cut: squares to cut, their turn, and the crops' size.
        margin: fraction by which the squares' sides become longer; at least -0.5.

    Raises:
        ConfigError: the margin is out of its range.
    """
    found = list(faces)
    angles = [level_angle(face.landmarks) if cut.aligned else 0.0 for face in found]
    made = _cut(frame.image, [square_for(face.box, cut, margin) for face in found], angles, cut.size)
    return [
        FaceCrop(frame.index, frame.pts_seconds, face, square, image, angle)
        for face, angle, (image, square) in zip(found, angles, made, strict=True)
    ]


def crop_again(crops: Sequence[FaceCrop], image: AnyImage) -> list[FaceCrop]:
    """Cut faces at the same places out of another version of their frame.

    Args:
        crops: crops of one frame, in one size.
        image: RGB uint8 [height, width, 3], as large as that frame.
    """
    if not crops:
        return []
    cut = _cut(image, [each.square for each in crops], [each.angle for each in crops], len(crops[0].image))
    return [replace(each, image=image) for each, (image, _) in zip(crops, cut, strict=True)]


def resize_crops(crops: npt.NDArray[np.uint8] | Tensor, size: int) -> npt.NDArray[np.uint8] | Tensor:
    """Resize square crops as ``crop_face`` does it, where they lie; the same ones where they have that size.

    Args:
        crops: RGB uint8 [..., side, side, 3], at least one.
        size: the outputs' side in pixels.

    Returns:
        RGB uint8 [..., size, size, 3], an array or a tensor as the crops are.
    """
    *before, side, _, _ = crops.shape
    if side == size:
        return crops
    whole = (0.0, 0.0, float(side), float(side))
    resized = stacked([_upright(crop, [whole], size)[0][0] for crop in crops.reshape(-1, side, side, 3)])
    return resized.reshape(*before, size, size, 3)


def _cut(image: AnyImage, squares: Sequence[Box], angles: Sequence[float], size: int) -> list[tuple[AnyImage, Box]]:
    height, width = image.shape[:2]
    upright = iter(_upright(image, [square for square, angle in zip(squares, angles, strict=True) if not angle], size))
    made = []
    for square, angle in zip(squares, angles, strict=True):
        if angle:
            whole = whole_square(square, width, height)
            made.append((crop_turned(image, whole, angle, size), whole))
        else:
            made.append(next(upright))
    return made


def crop_turned(image: AnyImage, square: Box, angle: float, size: int) -> AnyImage:
    """Cut a square out of a frame that is turned about its centre, and resize it.

    An upright square around it is cut first, by the rule of ``crop_face`` and to the same scale; the crop is read out
    of that bilinearly.

    Args:
        image: RGB, uint8 [height, width, 3], an array or a tensor on any device.
        square: left, top, right, bottom before it is turned, in pixels of the frame.
        angle: radians, clockwise as seen.
        size: the output's side in pixels.

    Returns:
        RGB uint8 [size, size, 3], an array or a tensor as the frame is.
    """
    around, grid = square_around(square), math.ceil(size * math.sqrt(2))
    ((pixels, cut),) = _upright(image, [around], grid)
    return sample_turned(pixels, cut, square, angle, size)


def _upright(image: AnyImage, squares: Sequence[Box], size: int) -> list[tuple[AnyImage, Box]]:
    if isinstance(image, np.ndarray):
        return [crop_face(image, square, size) for square in squares]
    from genconvit.faces.crop_device import crop_faces_on_device

    batch, cut = crop_faces_on_device(image, squares, size)
    return list(zip(batch.unbind(), cut, strict=True))


@functools.lru_cache(maxsize=16)
def _resize_weights(length: int, size: int) -> _Weights:
    """Share of each pixel in each of the output's, float32 [size, length]; rows sum to 1."""
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
        first: place in the frame of the first of the `length` pixels, negative before the frame's edge.
        available: number of the frame's pixels along this axis.
    """
    start, stop = max(-first, 0), min(available - first, weights.shape[1])
    if start == 0 and stop == weights.shape[1]:
        return weights
    inner = weights[:, start:stop].copy()
    inner[:, 0] += weights[:, :start].sum(axis=1)
    inner[:, -1] += weights[:, stop:].sum(axis=1)
    return inner
