"""Images made smaller before a search."""

from __future__ import annotations

import numpy as np
from PIL import Image

from genconvit.types import ImageArray


def reduced_size(width: int, height: int, ratio: float) -> tuple[int, int]:
    """Width and height in whole pixels, at least one, after scaling by a ratio that is at most 1."""
    ratio = min(ratio, 1.0)
    return max(round(width * ratio), 1), max(round(height * ratio), 1)


def reduced(image: ImageArray, width: int, height: int) -> ImageArray:
    """The image, uint8 [height, width, 3], at a smaller size; the image itself where it has that size."""
    if image.shape[:2] == (height, width):
        return image
    smaller = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(smaller)
