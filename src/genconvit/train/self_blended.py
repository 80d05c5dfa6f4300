"""Fakes made from real faces alone: a face blended into a changed copy of itself.

After Shiohara and Yamasaki, "Detecting Deepfakes with Self-Blended Images", CVPR 2022, written from the paper's
description. What a network learns from such pairs is the trace of blending, whatever the face was made with.

Two things differ from the paper, so that a fake cannot be told by its resolution. There, the face that is blended in is
the one that is moved; here it is that or the image around it, and so a real is interpolated as often as a fake's face.
And images are resized before they are blended, not after.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, NamedTuple

import numpy as np
from PIL import Image, ImageFilter
from pydantic import Field

from genconvit.core.config import FrozenConfig
from genconvit.core.types import ImageArray
from genconvit.crops.record import Point
from genconvit.train.colour import Recolouring
from genconvit.train.face_mask import Mask, MaskConfig, face_mask
from genconvit.train.ranges import Range, Share, around, drawn, within


class SelfBlendConfig(FrozenConfig):
    """Options by which a fake is made of a real face. Steps and blend ratios are the paper's; most ranges are ours."""

    hue: float = Field(default=0.03, ge=0, le=0.5)
    """The farthest turn of the hue, as a fraction of the circle."""

    saturation: float = Field(default=0.3, ge=0, le=1)
    """The largest change of saturation, as a fraction."""

    value: float = Field(default=0.1, ge=0, le=0.9)
    """The largest change of value, as a fraction."""

    contrast: float = Field(default=0.1, ge=0, le=0.9)
    """The largest change of contrast, as a fraction."""

    brightness: float = Field(default=12.0, ge=0, le=128)
    """The largest change of brightness, in grey levels of 0 to 255."""

    rgb_shift: float = Field(default=12.0, ge=0, le=128)
    """The largest change of red, green and blue, each on its own, in grey levels."""

    strength: Annotated[Range, within(0, 10)] = (1.0, 1.0)
    """Factor by which all of these are multiplied, drawn for each fake: the stronger ones are what a network learns
    first."""

    detail: Share = 0.75
    """The probability that detail is taken, by reducing and enlarging again, or else added, by sharpening."""

    downscale_factor: Annotated[Range, within(0.05, 1)] = (0.4, 0.9)
    """Size of the image in between, as a fraction of its side."""

    sharpen: Annotated[Range, within(0, 5)] = (0.3, 1.5)
    """Detail that is added, as a multiple of what there is."""

    translation: float = Field(default=0.03, ge=0, le=0.25)
    """The largest shift of one of the two along each axis, as a fraction of the side; the paper's."""

    scale: float = Field(default=0.05, ge=0, le=0.5)
    """The largest change of size along each axis, as a fraction; the paper's."""

    mask: MaskConfig = Field(default_factory=MaskConfig)
    """Mask of the part of the face that is blended in."""

    ratios: tuple[Annotated[float, Field(gt=0, le=1)], ...] = Field(
        default=(0.25, 0.5, 0.75, 1.0, 1.0, 1.0), min_length=1
    )
    """Factors by which the mask is multiplied, each as likely as the others; the paper's."""


class SelfBlended(NamedTuple):
    """A pair, and what it was made of; all images RGB uint8 [S, S, 3].

    Attributes:
        real: the target, which the fake equals wherever the mask is 0.
        fake: the source blended into the target.
        source: the face that is blended in.
        mask: float32 [S, S] in [0, 1], before the ratio.
        ratio: factor by which the mask is multiplied.
    """

    real: ImageArray
    fake: ImageArray
    source: ImageArray
    mask: Mask
    ratio: float


def self_blend(
    image: ImageArray, landmarks: Sequence[Point], config: SelfBlendConfig, random: np.random.Generator
) -> SelfBlended:
    """Make a fake of a real face.

    One of two copies is recoloured and loses or gains detail, one of them is moved a little; either may be the source.

    Args:
        image: a face crop, RGB, uint8 [S, S, 3].
        landmarks: landmarks of the face, as ``face_mask`` takes them; may be empty.
        config: config of the blending.
        random: all of the chance there is.
    """
    pair = [image, image]
    changed, moved = (int(random.integers(2)) for _ in pair)
    pair[changed] = _with_other_detail(_recoloured(image, config, random), config, random)
    pair[moved] = _moved(pair[moved], config, random)
    source, target = pair
    mask = face_mask(len(image), landmarks, config.mask, random)
    ratio = float(random.choice(config.ratios))
    return SelfBlended(target, blended(source, target, mask * np.float32(ratio)), source, mask, ratio)


def blended(source: ImageArray, target: ImageArray, weights: Mask) -> ImageArray:
    """The source where the weights are 1, the target where they are 0, and their mean between.

    Args:
        source: RGB, uint8 [height, width, 3].
        target: RGB, uint8 [height, width, 3].
        weights: float32 [height, width] in [0, 1].
    """
    difference = source.astype(np.float32) - target
    return np.rint(target + weights[..., None] * difference).astype(np.uint8)


def _recoloured(image: ImageArray, config: SelfBlendConfig, random: np.random.Generator) -> ImageArray:
    strength = drawn(random, config.strength)
    red, green, blue = (around(random, config.rgb_shift * strength) for _ in range(3))
    recolour = Recolouring(
        hue=around(random, min(config.hue * strength, 0.5)),
        saturation=around(random, min(config.saturation * strength, 1), 1),
        value=around(random, min(config.value * strength, 0.9), 1),
        contrast=around(random, min(config.contrast * strength, 0.9), 1),
        brightness=around(random, config.brightness * strength),
        shift=(red, green, blue),
    )
    return recolour(image)


def _with_other_detail(image: ImageArray, config: SelfBlendConfig, random: np.random.Generator) -> ImageArray:
    if random.random() >= config.detail:
        return image
    picture = Image.fromarray(image)
    if random.random() < 0.5:
        side = max(round(len(image) * drawn(random, config.downscale_factor)), 1)
        small = picture.resize((side, side), Image.Resampling.BOX)
        return np.asarray(small.resize(picture.size, Image.Resampling.BICUBIC))
    percent = round(100 * drawn(random, config.sharpen))
    return np.asarray(picture.filter(ImageFilter.UnsharpMask(radius=1, percent=percent, threshold=0)))


def _moved(image: ImageArray, config: SelfBlendConfig, random: np.random.Generator) -> ImageArray:
    """The image under a small affine change; beyond its edges its edge pixels are repeated."""
    size = len(image)
    spans = []
    for _ in range(2):
        half = size / 2 / around(random, config.scale, 1)
        middle = size / 2 + around(random, config.translation) * size
        spans.append((middle - half, middle + half))
    (left, right), (top, bottom) = spans
    pad = math.ceil(max(-left, -top, right - size, bottom - size, 0))
    padded = Image.fromarray(np.pad(image, ((pad, pad), (pad, pad), (0, 0)), mode="edge"))
    box = (left + pad, top + pad, right + pad, bottom + pad)
    return np.asarray(padded.resize((size, size), Image.Resampling.BICUBIC, box=box))
