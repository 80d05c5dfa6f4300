"""New fakes from a pair: a fake mixed with the real that it was made from.

A data set has a few fakes of each video, and a network comes to know them by heart. Where both show the same frame,
anything between the two is a fake as well: a weaker one, or one in a part of the face. What is drawn anew each time
cannot be remembered.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from PIL import Image
from pydantic import Field
from scipy.special import expit

from genconvit.core.config import FrozenConfig
from genconvit.core.types import ImageArray
from genconvit.train.face_mask import Mask
from genconvit.train.ranges import Range, Share, drawn, within
from genconvit.train.self_blended import blended

_GRID = 5
"""The side of the grid of random numbers between which the edge of a part runs."""

_SOFTNESS = 0.15
"""Over how much of these numbers' standard deviation a part fades."""


class PairMixConfig(FrozenConfig):
    """Options by which the fakes of pairs are mixed with their own reals."""

    share: Share = 0.0
    """The probability that a fake is mixed with its real; where the two do not show the same frame it stays as it
    is."""

    weight: Annotated[Range, within(0, 1)] = (0.4, 1.0)
    """Share that is left of the difference between the two."""

    local: Share = 0.5
    """The probability that only a part of the difference is taken, with a soft edge, the rest being the real."""

    kept: Annotated[Range, within(0, 1)] = (0.4, 0.9)
    """Share of the difference that such a part holds."""

    border_difference: float = Field(default=8.0, ge=0, le=255)
    """The largest mean difference, in grey levels, of the outermost tenth of two images that show the same frame."""


def mix_pair(real: ImageArray, fake: ImageArray, config: PairMixConfig, random: np.random.Generator) -> ImageArray:
    """Mix a fake with the real that it was made from.

    Args:
        real: RGB, uint8 [S, S, 3].
        fake: fake of the same part of the same frame, or of another one.
        config: config of the mixing.
        random: all of the chance there is.

    Returns:
        RGB, uint8 [S, S, 3]: the fake itself where it is not to be mixed or shows another frame.
    """
    if random.random() >= config.share:
        return fake
    difference = np.abs(real.astype(np.int16) - fake).mean(2, dtype=np.float32)
    if _border(difference).mean() > config.border_difference:
        return fake
    weights = np.full(difference.shape, drawn(random, config.weight), np.float32)
    if random.random() < config.local:
        weights *= _part(difference, drawn(random, config.kept), random)
    return blended(fake, real, weights)


def _border(difference: Mask) -> Mask:
    """The values of the outermost tenth on each side."""
    width = max(len(difference) // 10, 1)
    inner = np.zeros(difference.shape, bool)
    inner[width:-width, width:-width] = True
    return difference[~inner]


def _part(difference: Mask, kept: float, random: np.random.Generator) -> Mask:
    """Weights in [0, 1] of a smooth random shape that holds a share of the whole difference."""
    grid = Image.fromarray(random.standard_normal((_GRID, _GRID), np.float32))
    heights = np.asarray(grid.resize(difference.shape[::-1], Image.Resampling.BICUBIC))
    order = np.argsort(heights, axis=None)
    below = np.cumsum(difference.ravel()[order], dtype=np.float64)
    place = int(np.searchsorted(below, (1 - kept) * below[-1]))
    edge = heights.ravel()[order[min(place, order.size - 1)]]
    part: Mask = expit((heights - edge) / np.float32(_SOFTNESS / 2))
    return part
