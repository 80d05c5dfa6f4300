"""Augmentation of examples while training: they are turned, noisy, recoloured, compressed.

The list is the reference's, to which JPEG, rescaling and blur are added. Its probabilities are the reference's too; the
ranges are this library's, near the defaults of the tool that the reference uses.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Annotated, Literal, get_args

import numpy as np
import torch
import torch.nn.functional as nn_functional
import torchvision.transforms.v2.functional as v2
from PIL import Image
from pydantic import Field
from scipy.ndimage import gaussian_filter
from torch import Tensor

from genconvit.core.config import FrozenConfig
from genconvit.core.errors import ConfigError
from genconvit.train.clahe import clahe
from genconvit.train.ranges import Range, Share, around, drawn, within

Preset = Literal["reference", "robust", "none"]
PRESETS: tuple[Preset, ...] = get_args(Preset)

FACE_PX = 224
"""The side of the crop in whose pixels a blur is measured, as in ``genconvit.robustness``."""

_LUMA = (0.299, 0.587, 0.114)


class AugmentConfig(FrozenConfig):
    """Changes of an example, with their probability and strength; the defaults are the preset ``reference``.

    The steps follow one another in the order of the fields that name their probability.
    """

    window: Annotated[Range, within(0.1, 1)] = (1.0, 1.0)
    """The side of the square part that is looked at, anywhere in the crop, as a share of the crop's; always drawn.
    It is cut before the crop is reduced: a window of 0.75 at 96 pixels is as sharp as a whole crop at 128."""

    chain: Share = 0.9
    """The probability that anything is done at all."""

    rotate_90: Share = 0.2
    """The probability of 0 to 3 quarter turns."""

    transpose: Share = 0.2
    """The probability that rows become columns."""

    flip_horizontal: Share = 0.5
    """The probability that left and right change places."""

    flip_vertical: Share = 0.5
    """The probability that top and bottom change places."""

    noise: Share = 0.2
    """The probability of Gaussian noise, its own in each pixel and channel."""

    noise_sigma: Annotated[Range, within(0, 64)] = (3.0, 7.0)
    """Standard deviation of the noise, in grey levels of 0 to 255."""

    affine: Share = 0.2
    """The probability of a shift, a scale and a rotation together; the picture is mirrored at its edges."""

    shift: Share = 0.0625
    """The farthest shift along each axis, as a fraction of the side."""

    scale: float = Field(default=0.1, ge=0, le=0.9)
    """The largest change of size, as a fraction."""

    rotate_degrees: float = Field(default=45.0, ge=0, le=180)
    """The farthest rotation, either way."""

    tone: Share = 0.2
    """The probability of one of: local contrast (CLAHE), sharpening, emboss, brightness with contrast."""

    clahe_clip: Annotated[Range, within(1, 40)] = (1.0, 2.0)
    """Height that CLAHE allows, as a multiple of a flat histogram's."""

    sharpen: Annotated[Range, within(0, 5)] = (0.2, 1.0)
    """Detail that is added, as a multiple of what there is."""

    emboss: Annotated[Range, within(0, 2)] = (0.1, 0.4)
    """The weight of the relief, lit from the top left."""

    brightness: float = Field(default=0.2, ge=0, le=0.9)
    """The largest change of brightness beside that of contrast, as a fraction."""

    contrast: float = Field(default=0.2, ge=0, le=0.9)
    """The largest change of contrast, as a fraction."""

    colour: Share = 0.2
    """The probability of a change of hue, saturation and value together."""

    hue: float = Field(default=0.1, ge=0, le=0.5)
    """The farthest turn of the hue, as a fraction of the circle."""

    saturation: float = Field(default=0.3, ge=0, le=1)
    """The largest change of saturation, as a fraction."""

    value: float = Field(default=0.1, ge=0, le=0.9)
    """The largest change of value, as a fraction."""

    blur: Share = 0.0
    """The probability of a Gaussian blur."""

    blur_sigma: Annotated[Range, within(0, 20)] = (0.5, 2.0)
    """Standard deviation of the blur, in pixels of a crop of 224."""

    downscale: Share = 0.0
    """The probability of being reduced and enlarged again."""

    downscale_factor: Annotated[Range, within(0.05, 1)] = (0.3, 0.9)
    """Size in between, as a fraction of the side."""

    jpeg: Share = 0.0
    """The probability of JPEG compression."""

    jpeg_quality: Annotated[Range, within(1, 100)] = (40.0, 95.0)
    """The quality, as libjpeg counts it."""

    @classmethod
    def preset(cls, name: str) -> AugmentConfig:
        """The config of a name: ``reference``, ``robust`` or ``none``.

        ``robust`` keeps faces upright and adds what happens to videos on their way: blur, rescaling, JPEG.

        Raises:
            ConfigError: there is no preset of this name.

        Examples:
            >>> AugmentConfig.preset("reference") == AugmentConfig()
            True
        """
        if name not in PRESETS:
            raise ConfigError(f"there is no augmentation {name!r}; give one of {', '.join(PRESETS)}")
        return _PRESETS[name]


_PRESETS: dict[str, AugmentConfig] = {
    "reference": AugmentConfig(),
    "robust": AugmentConfig(
        rotate_90=0,
        transpose=0,
        flip_vertical=0,
        rotate_degrees=10,
        colour=0.3,
        hue=0.03,
        blur=0.2,
        downscale=0.4,
        jpeg=0.5,
    ),
    "none": AugmentConfig(
        chain=1,
        rotate_90=0,
        transpose=0,
        flip_horizontal=0,
        flip_vertical=0,
        noise=0,
        affine=0,
        tone=0,
        colour=0,
    ),
}


def augment(image: Tensor, config: AugmentConfig, random: np.random.Generator) -> Tensor:
    """An example, changed.

    Two images of one size that get generators of the same state are changed alike.

    Args:
        image: RGB, uint8 [3, S, S].
        config: changes that may happen.
        random: all of the chance there is; PyTorch's own generator is neither read nor moved.

    Returns:
        RGB, uint8 [3, S, S].
    """
    if random.random() >= config.chain:
        return image
    for name, step in _STEPS.items():
        if random.random() < getattr(config, name):
            image = step(image, config, random)
    return image


def _rotate_90(image: Tensor, _: AugmentConfig, random: np.random.Generator) -> Tensor:
    return image.rot90(int(random.integers(4)), (1, 2))


def _noise(image: Tensor, config: AugmentConfig, random: np.random.Generator) -> Tensor:
    noise = random.standard_normal(tuple(image.shape), np.float32)
    return _rounded(image + drawn(random, config.noise_sigma) * torch.from_numpy(noise))


def _affine(image: Tensor, config: AugmentConfig, random: np.random.Generator) -> Tensor:
    angle = math.radians(around(random, config.rotate_degrees))
    zoom = 1 / around(random, config.scale, 1)
    cosine, sine = math.cos(angle) * zoom, math.sin(angle) * zoom
    shifts = [2 * around(random, config.shift) for _ in range(2)]
    matrix = torch.tensor([[[cosine, -sine, shifts[0]], [sine, cosine, shifts[1]]]], dtype=torch.float32)
    places = nn_functional.affine_grid(matrix, [1, *image.shape], align_corners=False)
    moved = nn_functional.grid_sample(image[None].float(), places, padding_mode="reflection", align_corners=False)
    return _rounded(moved[0])


def _tone(image: Tensor, config: AugmentConfig, random: np.random.Generator) -> Tensor:
    return _TONES[int(random.integers(len(_TONES)))](image, config, random)


def _clahe(image: Tensor, config: AugmentConfig, random: np.random.Generator) -> Tensor:
    luma = torch.einsum("chw,c->hw", image.float(), torch.tensor(_LUMA))
    equal = clahe(luma.round().clamp(0, 255).to(torch.uint8).numpy(), drawn(random, config.clahe_clip))
    return _rounded(image + torch.from_numpy(equal) - luma)


def _sharpen(image: Tensor, config: AugmentConfig, random: np.random.Generator) -> Tensor:
    return _tensor(v2.adjust_sharpness(image, 1 + drawn(random, config.sharpen)))


def _emboss(image: Tensor, config: AugmentConfig, random: np.random.Generator) -> Tensor:
    relief = torch.tensor([[-1.0, -1, 0], [-1, 0, 1], [0, 1, 1]]).expand(3, 1, 3, 3)
    padded = nn_functional.pad(image[None].float(), (1, 1, 1, 1), mode="replicate")
    return _rounded(image + drawn(random, config.emboss) * nn_functional.conv2d(padded, relief, groups=3)[0])


def _brightness_contrast(image: Tensor, config: AugmentConfig, random: np.random.Generator) -> Tensor:
    image = v2.adjust_brightness(image, around(random, config.brightness, 1))
    return _tensor(v2.adjust_contrast(image, around(random, config.contrast, 1)))


def _colour(image: Tensor, config: AugmentConfig, random: np.random.Generator) -> Tensor:
    image = v2.adjust_hue(image, around(random, config.hue))
    image = v2.adjust_saturation(image, around(random, config.saturation, 1))
    return _tensor(v2.adjust_brightness(image, around(random, config.value, 1)))


def _blur(image: Tensor, config: AugmentConfig, random: np.random.Generator) -> Tensor:
    sigma = drawn(random, config.blur_sigma) * image.shape[-1] / FACE_PX
    blurred = gaussian_filter(image.numpy().astype(np.float32), (0, sigma, sigma), mode="nearest")
    return _rounded(torch.from_numpy(blurred))


def _downscale(image: Tensor, config: AugmentConfig, random: np.random.Generator) -> Tensor:
    side = image.shape[-1]
    small = max(round(side * drawn(random, config.downscale_factor)), 1)
    return _tensor(v2.resize(v2.resize(image, [small, small], antialias=True), [side, side], antialias=True))


def _jpeg(image: Tensor, config: AugmentConfig, random: np.random.Generator) -> Tensor:
    file = io.BytesIO()
    picture = Image.fromarray(np.ascontiguousarray(image.permute(1, 2, 0).numpy()))
    picture.save(file, "JPEG", quality=round(drawn(random, config.jpeg_quality)))
    with Image.open(file) as decoded:
        return torch.from_numpy(np.ascontiguousarray(np.asarray(decoded).transpose(2, 0, 1)))


def _rounded(values: Tensor) -> Tensor:
    return values.round().clamp(0, 255).to(torch.uint8)


def _tensor(image: object) -> Tensor:
    """Give what torchvision, which has no types, made of a tensor."""
    if not isinstance(image, Tensor):
        raise TypeError(f"torchvision made {type(image).__name__} of a tensor")
    return image


_Step = Callable[[Tensor, AugmentConfig, np.random.Generator], Tensor]

_TONES: tuple[_Step, ...] = (_clahe, _sharpen, _emboss, _brightness_contrast)

_STEPS: dict[str, _Step] = {
    "rotate_90": _rotate_90,
    "transpose": lambda image, *_: image.transpose(1, 2),
    "flip_horizontal": lambda image, *_: image.flip(2),
    "flip_vertical": lambda image, *_: image.flip(1),
    "noise": _noise,
    "affine": _affine,
    "tone": _tone,
    "colour": _colour,
    "blur": _blur,
    "downscale": _downscale,
    "jpeg": _jpeg,
}
"""Steps by the field that holds their probability, in their order."""
