"""Detected faces in the frame's pixels, made from a detector's raw arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genconvit.core.types import Box, DetectedFace

FloatArray = npt.NDArray[np.float32]


def faces_from_arrays(
    boxes: FloatArray,
    confidences: FloatArray,
    landmarks: FloatArray | None,
    *,
    scale: tuple[float, float] = (1.0, 1.0),
    shift: tuple[float, float] = (0.0, 0.0),
) -> list[DetectedFace]:
    """Turn what a detector answered for one image into faces, left to right.

    Boxes that are not finite or have no area are left out, and so are faces whose confidence is not a number.

    Args:
        boxes: [n, 4], left, top, right, bottom in pixels of the image that the detector saw.
        confidences: [n], clipped to [0, 1].
        landmarks: [n, 5, 2], x and y in the same pixels, or None.
        scale: the frame's width and height over those of the image that the detector saw.
        shift: added to x and y after scaling, in pixels of the frame.
    """
    scales = np.asarray(scale, dtype=np.float64)
    shifts = np.asarray(shift, dtype=np.float64)
    faces = []
    for index, (box, confidence) in enumerate(zip(boxes, confidences, strict=True)):
        corners = box.astype(np.float64).reshape(2, 2) * scales + shifts
        left, top, right, bottom = (float(value) for value in corners.ravel())
        if not (np.isfinite(corners).all() and left < right and top < bottom and np.isfinite(confidence)):
            continue
        points = None if landmarks is None else (landmarks[index] * scales + shifts).astype(np.float32)
        if points is not None and not np.isfinite(points).all():
            points = None
        faces.append(DetectedFace((left, top, right, bottom), min(max(float(confidence), 0.0), 1.0), points))
    return sorted(faces, key=_left_to_right)


def _left_to_right(face: DetectedFace) -> Box:
    return face.box
