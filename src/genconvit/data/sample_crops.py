"""Face crops of the portrait, each cut, coloured and compressed in another way: to try a network without a data set."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from genconvit.data.sample import FACE, portrait

_SHARE_SHIFTED = 0.2
_SIDES = (0.8, 1.8)
_QUALITIES = (30, 95)


def sample_crops(side: int, count: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Make crops RGB uint8 [count, side, side, 3] of the portrait's face, the same for the same seed.

    Args:
        side: height and width in pixels.
        count: number of crops.
        seed: seed of the cuts, colours and qualities.
    """
    generator = np.random.default_rng(seed)
    image = Image.fromarray(portrait())
    crops = [_crop(image, side, generator) for _ in range(count)]
    return np.stack(crops) if crops else np.zeros((0, side, side, 3), np.uint8)


def _crop(image: Image.Image, side: int, generator: np.random.Generator) -> npt.NDArray[np.uint8]:
    left, top, right, bottom = FACE
    width = (right - left) * generator.uniform(*_SIDES)
    centre = np.array([left + right, top + bottom]) / 2
    x, y = centre + (right - left) * generator.uniform(-_SHARE_SHIFTED, _SHARE_SHIFTED, 2)
    box = (int(x - width / 2), int(y - width / 2), int(x + width / 2), int(y + width / 2))
    cut = np.asarray(image.crop(box).resize((side, side), Image.Resampling.BILINEAR), np.float32)
    if generator.random() < 0.5:
        cut = cut[:, ::-1]
    coloured = (cut - 128) * generator.uniform(0.6, 1.4) + 128 + generator.uniform(-40, 40, 3)
    stream = io.BytesIO()
    quality = int(generator.integers(*_QUALITIES))
    Image.fromarray(coloured.clip(0, 255).astype(np.uint8)).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream).convert("RGB"))
