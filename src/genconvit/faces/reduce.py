"""Images made smaller before a search."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from genconvit.core.types import AnyImage


def reduced_size(width: int, height: int, ratio: float, *, most_pixels: int | None = None) -> tuple[int, int]:
    """Width and height in whole pixels, at least one, after scaling by a ratio of at most 1.

    Args:
        width: width of the image.
        height: height of the image.
        ratio: the scale; above 1 it counts as 1.
        most_pixels: the scale is lower where the image would have more pixels than this.
    """
    ratio = min(ratio, 1.0)
    size = max(round(width * ratio), 1), max(round(height * ratio), 1)
    if most_pixels is None or size[0] * size[1] <= most_pixels:
        return size
    ratio = math.sqrt(most_pixels / (width * height))
    return max(int(width * ratio), 1), max(int(height * ratio), 1)


def reduced(image: AnyImage, width: int, height: int) -> AnyImage:
    """The image, uint8 [height, width, 3], at a smaller size; the image itself where it has that size.

    A tensor is reduced on its device.
    """
    if tuple(image.shape[:2]) == (height, width):
        return image
    if isinstance(image, np.ndarray):
        smaller = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
        return np.asarray(smaller)
    from torch.nn import functional

    channels_first = image.permute(2, 0, 1)[None].float()
    resized = functional.interpolate(channels_first, (height, width), mode="bilinear", antialias=True)
    return resized[0].permute(1, 2, 0).round().clamp(0, 255).byte()
