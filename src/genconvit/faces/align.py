"""Faces turned so that their eyes are level."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from genconvit.core.types import AnyImage, Box

_LEFT_EYE, _RIGHT_EYE = 0, 1


def level_angle(landmarks: npt.NDArray[np.float32] | None) -> float:
    """Radians by which a face's square is turned, clockwise as seen, for its eyes to be level in it.

    Args:
        landmarks: float32 [5, 2], as in ``DetectedFace``; None gives 0.

    Examples:
        >>> eyes = np.array(
        ...     [[10, 20], [30, 40], [20, 30], [10, 40], [20, 50]], np.float32
        ... )
        >>> round(math.degrees(level_angle(eyes)))
        45
    """
    if landmarks is None:
        return 0.0
    across, down = landmarks[_RIGHT_EYE] - landmarks[_LEFT_EYE]
    return math.atan2(float(down), float(across))


def turned_back(landmarks: npt.NDArray[np.float32] | None, square: Box, angle: float) -> list[list[float]]:
    """Landmarks where they lie once their square is turned back to be upright; none where there are none.

    Args:
        landmarks: float32 [n, 2], x and y in pixels of the frame.
        square: left, top, right, bottom before it was turned, in the same pixels.
        angle: radians by which it was turned about its centre, clockwise as seen.

    Returns:
        X and y of each in pixels of the frame.
    """
    if landmarks is None:
        return []
    if not angle:
        upright: list[list[float]] = landmarks.tolist()
        return upright
    centre = np.array([(square[0] + square[2]) / 2, (square[1] + square[3]) / 2])
    to_frame = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    turned: list[list[float]] = ((landmarks - centre) @ to_frame + centre).tolist()
    return turned


def square_around(square: Box) -> Box:
    """The upright square with the same centre that holds a square however it is turned about it."""
    left, top, right, bottom = square
    x, y, half = (left + right) / 2, (top + bottom) / 2, (right - left) / math.sqrt(2)
    return x - half, y - half, x + half, y + half


def sample_turned(pixels: AnyImage, cut: Box, square: Box, angle: float, size: int) -> AnyImage:
    """Read a turned square out of a crop, bilinearly; pixels beyond the crop's edge are its nearest ones.

    Args:
        pixels: the crop, RGB uint8 [n, n, 3], an array or a tensor on any device.
        cut: the square of the frame that the crop shows.
        square: the square to read, before it is turned about its centre, in the same pixels.
        angle: radians by which the square is turned, clockwise as seen.
        size: the output's side in pixels.

    Returns:
        RGB uint8 [size, size, 3], an array or a tensor as the crop is.
    """
    import torch

    crop = torch.as_tensor(pixels)
    centre_x, centre_y = (square[0] + square[2]) / 2, (square[1] + square[3]) / 2
    half, middle = (cut[2] - cut[0]) / 2, ((cut[0] + cut[2]) / 2, (cut[1] + cut[3]) / 2)
    ratio = (square[2] - square[0]) / 2 / half
    cosine, sine = math.cos(angle) * ratio, math.sin(angle) * ratio
    # Both squares run from -1 to 1 in their own coordinates, as affine_grid and grid_sample have it.
    to_crop = torch.tensor(
        [[cosine, -sine, (centre_x - middle[0]) / half], [sine, cosine, (centre_y - middle[1]) / half]],
        dtype=torch.float32,
        device=crop.device,
    )
    grid = torch.nn.functional.affine_grid(to_crop[None], [1, 3, size, size], align_corners=False)
    image = crop.permute(2, 0, 1)[None].float()
    read = torch.nn.functional.grid_sample(image, grid, padding_mode="border", align_corners=False)
    turned = read[0].permute(1, 2, 0).round().clamp(0, 255).byte()
    return turned.numpy() if isinstance(pixels, np.ndarray) else turned
