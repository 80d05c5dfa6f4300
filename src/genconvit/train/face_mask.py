"""Mask of the face in a crop: an outline from landmarks, and a soft, deformed mask of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from pydantic import Field
from scipy.ndimage import gaussian_filter
from scipy.spatial import ConvexHull

from genconvit.core.config import FrozenConfig
from genconvit.crops.record import Point
from genconvit.train.ranges import Range, drawn, within

Mask = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]

FIVE = 5
"""Landmarks that a face detector gives: the eyes, the nose, the mouth's corners."""

_CORNERS = 24
"""Number of corners of the outline around five points."""

_GRID = 5
"""Independent displacements along each side of the elastic deformation."""

_SMOOTHNESS = 0.8
"""Reach of each displacement, in distances between them."""

_BETWEEN = 6
"""Points of the outline for each of its corners."""

_SMALLEST_AREA = 0.01
"""An outline that covers a smaller part of the crop is none."""

_AROUND = 0.15
"""Part that is drawn beyond each edge of the crop, as a fraction of its side: faces reach over it, and blurs do."""

_SOLID = 0.999
"""Value from which on a blurred mask still counts as one."""

_CUT = 2.5
"""Number of standard deviations of a blur that are summed."""


class MaskConfig(FrozenConfig):
    """Options of a mask that is made from landmarks. Lengths go by the crop's side, unless another measure is named."""

    brow: Annotated[Range, within(0, 2)] = (0.3, 0.65)
    """Reach of the outline above the eyes with five points, in distances from the eyes to the mouth."""

    chin: Annotated[Range, within(0, 2)] = (0.45, 0.85)
    """Reach of the outline below the mouth with five points, in distances from the eyes to the mouth."""

    cheeks: Annotated[Range, within(0.5, 2)] = (0.85, 1.2)
    """Reach of the outline to either side with five points, in distances between the eyes."""

    jitter: float = Field(default=0.01, ge=0, le=0.2)
    """The standard deviation by which each corner of the outline is moved."""

    elastic: Annotated[Range, within(0, 0.2)] = (0.0, 0.025)
    """The standard deviation of the elastic deformation."""

    first_blur: Annotated[Range, within(0, 0.2)] = (0.005, 0.05)
    """The standard deviation of the blur after which only what is still solid is kept: it makes the mask smaller."""

    second_blur: Annotated[Range, within(0, 0.2)] = (0.005, 0.05)
    """The standard deviation of the blur after that: it makes the mask soft, and larger."""


def has_outline(landmarks: Sequence[Point]) -> bool:
    """Tell whether landmarks are enough for an outline: five or more, finite, and not in a line."""
    points = _checked(landmarks)
    return points is not None and _outline(points, 0.5, 0.5, 1.0) is not None


def face_mask(size: int, landmarks: Sequence[Point], config: MaskConfig, random: np.random.Generator) -> Mask:
    """A soft mask of a face.

    Five landmarks make an outline that reaches to the brow, the cheeks and the chin; of more the convex hull is taken.
    Where they make none, or one outside of the crop, it is an ellipse in the middle.

    Args:
        size: S, the crop's side in pixels.
        landmarks: x and y in pixels of the crop: the two eyes, the nose and the mouth's two corners, or more than five
            in any order.
        config: config of the mask.
        random: all of the chance there is.

    Returns:
        Float32 [S, S] in [0, 1], of which some is 1, and what is far from the face is 0.
    """
    brow, chin, cheeks = (drawn(random, each) for each in (config.brow, config.chin, config.cheeks))
    around = math.ceil(_AROUND * size)
    canvas, inside = size + 2 * around, slice(around, around + size)
    points = _checked(landmarks)
    outline = None if points is None else _outline(points, brow, chin, cheeks)
    offsets = random.standard_normal((_CORNERS, 2)) * config.jitter * size
    field = _smooth_field(canvas, drawn(random, config.elastic) * size, random)
    solid = None if outline is None else _filled(outline + around, offsets, field)
    if solid is None or solid[inside, inside].mean() < _SMALLEST_AREA:
        solid = _filled(_ellipse(size, cheeks) + around, offsets, field)
    first, second = (drawn(random, each) * size for each in (config.first_blur, config.second_blur))
    kept = (_blurred(solid, first) >= _SOLID).astype(np.float32)
    soft = _blurred(kept if kept[inside, inside].any() else solid, second)[inside, inside]
    highest = float(soft.max())
    return np.clip(soft / highest, 0, 1, dtype=np.float32) if highest > 0 else soft


def _checked(landmarks: Sequence[Point]) -> Points | None:
    points = np.asarray(landmarks, np.float64).reshape(-1, 2)
    finite = len(points) >= FIVE and bool(np.isfinite(points).all()) and float(np.abs(points).max()) < 1e6
    return points if finite else None


def _outline(points: Points, brow: float, chin: float, cheeks: float) -> Points | None:
    """Float64 [corners, 2] in their order around the face; None where the points lie in one place or line."""
    spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    if spread[1] < max(1e-3 * spread[0], 1e-6):
        return None
    if len(points) > FIVE:
        return np.asarray(points[ConvexHull(points).vertices], np.float64)
    eyes, mouth = points[:2].mean(axis=0), points[3:5].mean(axis=0)
    down, across = mouth - eyes, points[1] - points[0]
    height = math.hypot(*down)
    if height < 1e-6:
        return None
    down = down / height
    side = np.array([down[1], -down[0]])
    reach = max(cheeks * math.hypot(*across), 0.6 * cheeks * height)
    top, bottom = -brow * height, (1 + chin) * height
    middle, half = eyes + down * (top + bottom) / 2, (bottom - top) / 2
    return _around(middle, side * reach, down * half)


def _around(middle: Points, side: Points, down: Points) -> Points:
    """The corners of an outline between an ellipse and a rectangle, as faces have it."""
    angles = np.linspace(0, 2 * math.pi, _CORNERS, endpoint=False)
    power = 0.8
    cosine, sine = (np.sign(each) * np.abs(each) ** power for each in (np.cos(angles), np.sin(angles)))
    return np.asarray(middle + cosine[:, None] * side + sine[:, None] * down, np.float64)


def _ellipse(size: int, cheeks: float) -> Points:
    """Draw an ellipse in the middle of the crop, about as large as a face that a detector's square was cut around."""
    return _around(np.array([size / 2, size / 2]), np.array([0.3 * cheeks * size, 0]), np.array([0, 0.38 * size]))


def _filled(outline: Points, offsets: Points, field: Points) -> Mask:
    """Float32 [size, size], 0 or 1: what lies inside an outline whose corners are moved, and which is then deformed.

    Args:
        outline: float64 [corners, 2].
        offsets: float64 [_CORNERS, 2], what is added to the corners, in pixels.
        field: float64 [2, size, size], what is added to every place, in pixels.
    """
    size = field.shape[-1]
    corners = outline + np.resize(offsets, outline.shape)
    edge = _dense(corners)
    x, y = np.clip(edge, 0, size - 1).astype(np.intp).T
    moved = edge + field[:, y, x].T
    picture = Image.new("L", (size, size))
    ImageDraw.Draw(picture).polygon([(float(x), float(y)) for x, y in moved], fill=1)
    return np.asarray(picture).astype(np.float32)


def _dense(corners: Points) -> Points:
    """The corners and points between them."""
    steps = np.arange(_BETWEEN)[:, None] / _BETWEEN
    following = np.roll(corners, -1, axis=0)
    points: Points = (corners[:, None] * (1 - steps) + following[:, None] * steps).reshape(-1, 2)
    return points


def _smooth_field(size: int, sigma: float, random: np.random.Generator) -> Points:
    """Float64 [2, size, size]: how far an elastic deformation moves each place, in pixels."""
    coarse = random.standard_normal((2, _GRID, _GRID)) * sigma
    places = np.linspace(0, _GRID - 1, size)[:, None]
    weights = np.exp(-0.5 * ((places - np.arange(_GRID)) / _SMOOTHNESS) ** 2)
    weights /= np.sqrt((weights**2).sum(axis=1, keepdims=True))
    field: Points = weights @ coarse @ weights.T
    return field


def _blurred(mask: Mask, sigma: float) -> Mask:
    return np.asarray(gaussian_filter(mask, sigma, mode="nearest", truncate=_CUT), np.float32)
