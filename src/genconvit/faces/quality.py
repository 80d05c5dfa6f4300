"""Measured values of a face's picture, from the frame as it is shown: width, sharpness, brightness, yaw, cut edges.

All are of the canonical face box, so that they depend on neither the network nor the size of its crops.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PIL import Image

from genconvit.core.cut import SquareRule
from genconvit.core.types import AnyImage, Box, DetectedFace, on_host
from genconvit.faces.square import square_of
from genconvit.results.quality import FaceQuality

SHARPNESS_PX = 96
"""Width in pixels that a canonical face box is reduced to before its sharpness is measured; it is never enlarged."""

CLIPPED_BELOW, CLIPPED_ABOVE = 5, 250
"""Luma up to which, and from which on, a pixel counts as clipped."""

NOSE_DEPTH = 0.49
"""Distance of the nose's tip before the line from the eyes' middle to the mouth's, in distances between the eyes: that
of the mean shape of 68 points in three dimensions which insightface ships."""

_Luma = npt.NDArray[np.float64]


def measure_quality(image: AnyImage, face: DetectedFace, rule: SquareRule) -> FaceQuality:
    """Measure the picture of a face.

    Sharpness is the variance of the Laplacian (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy: a
    comparative study", ICPR 2000), divided by the variance of the luma: else a dark face would count as blurred.
    Noise and the blocks of a codec count as detail.

    Args:
        image: frame, RGB uint8 [height, width, 3], an array or a tensor on any device; of a tensor only the face
            leaves the device.
        face: face that a detector found in it.
        rule: rule by which the detector's box becomes the canonical face box.
    """
    height, width = image.shape[:2]
    square = _at_least_a_pixel(square_of(face.box, rule))
    side = square[2] - square[0]
    left, top, right, bottom = _inside(square, width, height)
    inside = max(right - left, 0.0) * max(bottom - top, 0.0) / side**2
    sharpness = luma = clipped = None
    if inside:
        part = image[math.floor(top) : math.ceil(bottom), math.floor(left) : math.ceil(right)]
        pixels = _reduced_luma(part, side)
        sharpness, luma = round(_sharpness(pixels), 4), round(float(pixels.mean()), 1)
        clipped = round(float(((pixels <= CLIPPED_BELOW) | (pixels >= CLIPPED_ABOVE)).mean()), 4)
    return FaceQuality(
        width_px=round(side),
        outside=round(max(1 - inside, 0.0), 4),
        sharpness=sharpness,
        luma=luma,
        clipped=clipped,
        yaw_degrees=yaw_of(face.landmarks),
    )


def yaw_of(landmarks: npt.NDArray[np.float32] | None) -> float | None:
    """An estimate of a head's turn about its upright axis, in degrees, from where its nose lies.

    In a distant view (weak perspective), the nose's tip is as far from the line between the eyes' middle and the
    mouth's as the sine of the turn times its depth, and the eyes are apart by its cosine times their distance (A. Gee
    and R. Cipolla, "Determining the gaze of faces in images", Image and Vision Computing 12(10), 1994). Every head has
    the mean one's nose here, so the estimate is coarse, and a detector that guesses the far eye makes it too small.

    Args:
        landmarks: float32 [5, 2], as in ``DetectedFace``; None gives None.

    Returns:
        Degrees in [-90, 90], positive where the head turns to the image's right; None where the points are not
        five, or tell no line.

    Examples:
        >>> points = np.array(
        ...     [[30, 40], [70, 40], [50, 60], [35, 80], [65, 80]], np.float32
        ... )
        >>> (
        ...     yaw_of(points),
        ...     yaw_of(points + [[0, 0], [0, 0], [11.3, 0], [0, 0], [0, 0]]),
        ... )
        (0.0, 30.0)
    """
    if landmarks is None or landmarks.shape != (5, 2) or not np.isfinite(landmarks).all():
        return None
    left_eye, right_eye, nose, left_mouth, right_mouth = landmarks.astype(np.float64)
    eyes, mouth = (left_eye + right_eye) / 2, (left_mouth + right_mouth) / 2
    (down_x, down_y), (nose_x, nose_y) = mouth - eyes, nose - eyes
    midline, eye_distance = math.hypot(down_x, down_y), math.hypot(*(right_eye - left_eye))
    if not midline or not eye_distance:
        return None
    beside = (nose_x * down_y - nose_y * down_x) / midline
    return round(math.degrees(math.atan2(beside, NOSE_DEPTH * eye_distance)), 1)


def _at_least_a_pixel(square: Box) -> Box:
    left, top, right, bottom = square
    wider = max(1 - (right - left), 0.0) / 2
    return left - wider, top - wider, right + wider, bottom + wider


def _inside(square: Box, width: int, height: int) -> Box:
    """The part of a square that lies in the frame; without an area where none does."""
    left, top, right, bottom = square
    return max(left, 0.0), max(top, 0.0), min(right, float(width)), min(bottom, float(height))


def _reduced_luma(pixels: AnyImage, side: float) -> _Luma:
    """Luma of a part of a face's square, reduced as the whole square is to ``SHARPNESS_PX``: float64 [h, w]."""
    picture = Image.fromarray(np.ascontiguousarray(on_host(pixels))).convert("L")
    scale = min(SHARPNESS_PX / side, 1.0)
    size = max(round(picture.width * scale), 1), max(round(picture.height * scale), 1)
    return np.asarray(picture.resize(size, Image.Resampling.BOX), np.float64)


def _sharpness(luma: _Luma) -> float:
    spread = float(luma.var())
    if not spread:
        return 0.0
    around = np.pad(luma, 1, mode="edge")
    beside, above = around[1:-1, :-2] + around[1:-1, 2:], around[:-2, 1:-1] + around[2:, 1:-1]
    return float((beside + above - 4 * luma).var()) / spread
