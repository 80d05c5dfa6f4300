"""Faces cut out of a frame where it lies, in one batched operation: the same crops as ``crop_face``'s."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from genconvit.core.types import Box
from genconvit.faces.square import check_crop_size, whole_pixels, whole_square

_MOST_BYTES = 256_000_000
"""Faces are cut in groups whose half-resized pixels take at most this much memory."""


def crop_faces_on_device(image: Tensor, squares: Sequence[Box], size: int) -> tuple[Tensor, list[Box]]:
    """Cut squares out of a frame and resize them, on the frame's device.

    The rule is that of ``genconvit.faces.crop.crop_face``; the two differ by at most one grey level, because their
    sums round differently.

    Args:
        image: RGB, uint8 [height, width, 3], on any device.
        squares: left, top, right, bottom in pixels of the frame.
        size: the outputs' side in pixels.

    Returns:
        RGB uint8 [n, size, size, 3] on that device, and the squares that were cut, in whole pixels of the frame.

    Raises:
        ConfigError: the size is below 1.
    """
    check_crop_size(size)
    height, width = image.shape[:2]
    whole = [whole_pixels(square, width, height) for square in squares]
    at_once = max(_MOST_BYTES // (size * width * 3 * 4), 1)
    groups = [whole[start : start + at_once] for start in range(0, len(whole), at_once)]
    crops = [_cut(image, group, size) for group in groups]
    cut = [whole_square(square, width, height) for square in squares]
    return torch.cat([image.new_empty(0, size, size, 3), *crops]), cut


def _cut(image: Tensor, squares: Sequence[tuple[int, int, int]], size: int) -> Tensor:
    """Crops [n, size, size, 3] of squares given as side, left and top."""
    sides, lefts, tops = zip(*squares, strict=True)
    x, x_end = _span(lefts, sides, image.shape[1])
    y, y_end = _span(tops, sides, image.shape[0])
    pixels = image[y:y_end, x:x_end].float()
    rows = _weights(sides, [top - y for top in tops], y_end - y, size, image.device)
    columns = _weights(sides, [left - x for left in lefts], x_end - x, size, image.device)
    squeezed = torch.einsum("nsh,hwc->nswc", rows, pixels)
    resized = torch.einsum("ntw,nswc->nstc", columns, squeezed)
    return resized.round_().clamp_(0, 255).byte()


def _span(starts: Sequence[int], sides: Sequence[int], available: int) -> tuple[int, int]:
    """The part of an axis that the squares touch."""
    stops = [start + side for start, side in zip(starts, sides, strict=True)]
    return max(min(starts), 0), min(max(stops), available)


def _weights(sides: Sequence[int], firsts: Sequence[int], available: int, size: int, device: torch.device) -> Tensor:
    """Share of each pixel in each of the outputs, along one axis: float32 [n, size, available]; rows sum to 1.

    The first pixel reaches out endlessly before the frame, and the last one behind it: that is what repeating edge
    pixels comes to.

    Args:
        sides: the squares' sides in pixels, [n].
        firsts: first pixels of the squares, [n], negative before the frame's first pixel.
        available: number of the frame's pixels along the axis.
        size: number of outputs.
        device: device to compute on.
    """
    side, first = torch.tensor([sides, firsts], dtype=torch.float32, device=device)[..., None, None]
    outputs = torch.arange(size, dtype=torch.float32, device=device)[:, None]
    pixels = torch.arange(available, dtype=torch.float32, device=device) - first
    step = side / size
    starts, ends = pixels.clone(), pixels + 1
    starts[..., 0], ends[..., -1] = -math.inf, math.inf
    overlap = torch.minimum((outputs + 1) * step, ends) - torch.maximum(outputs * step, starts)
    centres = ((outputs + 0.5) * step - 0.5).clamp(min=0).minimum(side - 1)
    centres = centres.maximum(pixels[..., :1]).minimum(pixels[..., -1:])
    return torch.where(side >= size, overlap.clamp(min=0) / step, (1 - (centres - pixels).abs()).clamp(min=0))
