"""Degradations of videos on their way, done to a frame in memory: JPEG, rescaling, blur, noise, brightness.

Every function is pure: RGB uint8 [height, width, 3] in, a new array of the same shape and type out.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from genconvit.core.errors import ConfigError
from genconvit.core.types import Box, ImageArray

FACE_PX = 224
"""The side of the face in whose pixels a blur is measured."""

_BLUR_REACH = 4
"""Number of sigmas of a Gaussian that are summed."""

_CHROMA_420 = 2
"""Pillow's number for 4:2:0: half the colour resolution both ways."""


@dataclass(frozen=True)
class FaceContext:
    """Facts that a degradation may know beside the frame and its strength.

    Attributes:
        square: the face's left, top, right, bottom in pixels of the frame.
        random: generator for what is left to chance.
    """

    square: Box
    random: np.random.Generator


Apply = Callable[[ImageArray, float, FaceContext], ImageArray]
"""A frame, a strength and a context to a degraded frame."""


@dataclass(frozen=True)
class Degradation:
    """One way to make a video worse.

    Attributes:
        name: name in options and files.
        label: name in tables and plots.
        unit: unit of its strength.
        strengths: strengths from the weakest to the strongest; where it works both ways, from one end to the other.
        clean: the strength of an untouched frame, where there is one; None where even the weakest changes it.
        apply: does it to a frame; None for H.264, which needs the frames around (``genconvit.robustness.reencode``).
        of_face: true where its strength goes by the face's size, so that ``apply`` serves one face of a frame at a
            time.
    """

    name: str
    label: str
    unit: str
    strengths: tuple[float, ...]
    clean: float | None
    apply: Apply | None
    of_face: bool = False

    @property
    def is_two_sided(self) -> bool:
        """True where the untouched frame lies between its strengths."""
        return self.clean is not None and min(self.strengths) < self.clean < max(self.strengths)


def jpeg(image: ImageArray, quality: float) -> ImageArray:
    """Compress as a JPEG with 4:2:0 chroma, and decode it again.

    Args:
        image: RGB uint8 [height, width, 3], at most 65,500 pixels a side, as the format has it.
        quality: quality of libjpeg, from 1 to 95.
    """
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=int(quality), subsampling=_CHROMA_420)
    with Image.open(file) as decoded:
        return np.asarray(decoded.convert("RGB"))


def rescale(image: ImageArray, factor: float) -> ImageArray:
    """Shrink by averaging over areas, and enlarge again with bicubic interpolation.

    Args:
        image: RGB uint8 [height, width, 3].
        factor: factor of both sides, in (0, 1]; 1 changes nothing.
    """
    height, width = image.shape[:2]
    small = max(round(width * factor), 1), max(round(height * factor), 1)
    if small == (width, height):
        return image.copy()
    shrunk = Image.fromarray(image).resize(small, Image.Resampling.BOX)
    return np.asarray(shrunk.resize((width, height), Image.Resampling.BICUBIC))


def blur(image: ImageArray, sigma_px: float) -> ImageArray:
    """Blur with a Gaussian; beyond the frame its edge pixels are repeated.

    Args:
        image: RGB uint8 [height, width, 3].
        sigma_px: sigma in pixels of the frame, at least 0, which changes nothing.
    """
    sigmas = (sigma_px, sigma_px, 0)
    return _rounded(gaussian_filter(image.astype(np.float32), sigmas, mode="nearest", truncate=_BLUR_REACH))


def blur_face(image: ImageArray, square: Box, sigma: float) -> ImageArray:
    """Blur a frame around a face, as ``blur`` would; the frame's other parts stay as they are.

    Args:
        image: RGB uint8 [height, width, 3].
        square: the face's left, top, right, bottom in pixels of the frame; may reach over its edge.
        sigma: sigma in pixels of a face whose square is ``FACE_PX`` long, at least 0.
    """
    sigma_px = sigma * (square[2] - square[0]) / FACE_PX
    reach = 2 * _BLUR_REACH * sigma_px + 2  # what the face needs lies within half of it
    left, top = (max(int(value - reach), 0) for value in square[:2])
    right, bottom = (max(int(value + reach), 0) for value in square[2:])
    blurred = image.copy()
    around = image[top:bottom, left:right]
    if around.size:
        blurred[top:bottom, left:right] = blur(around, sigma_px)
    return blurred


def noise(image: ImageArray, sigma: float, random: np.random.Generator) -> ImageArray:
    """Add Gaussian noise, its own in each pixel and channel.

    Args:
        image: RGB uint8 [height, width, 3].
        sigma: the noise's standard deviation in grey levels of 0 to 255; 0 changes nothing.
        random: generator of the noise.
    """
    return _rounded(image + np.float32(sigma) * random.standard_normal(image.shape, np.float32))


def brightness(image: ImageArray, factor: float) -> ImageArray:
    """Multiply every value, and clip it.

    Args:
        image: RGB uint8 [height, width, 3].
        factor: factor of the brightness, at least 0; 1 changes nothing.
    """
    return _rounded(image * np.float32(factor))


JPEG = Degradation("jpeg", "JPEG", "quality", (95, 75, 50, 30, 10), None, lambda image, value, _: jpeg(image, value))
H264 = Degradation("h264", "H.264", "CRF", (18, 23, 28, 35, 40, 45), None, None)
RESCALE = Degradation(
    "rescale", "rescaling", "factor", (0.75, 0.5, 0.25, 0.125), 1, lambda image, value, _: rescale(image, value)
)
BLUR = Degradation(
    "blur",
    "Gaussian blur",
    f"sigma in px of a {FACE_PX} px face",
    (0.5, 1, 2, 4),
    0,
    lambda image, value, context: blur_face(image, context.square, value),
    of_face=True,
)
NOISE = Degradation(
    "noise",
    "Gaussian noise",
    "sigma in grey levels",
    (2, 4, 8, 16, 32),
    0,
    lambda image, value, context: noise(image, value, context.random),
)
BRIGHTNESS = Degradation(
    "brightness",
    "brightness",
    "factor",
    (0.25, 0.5, 0.75, 1.5, 2),
    1,
    lambda image, value, _: brightness(image, value),
)

DEGRADATIONS: dict[str, Degradation] = {each.name: each for each in (JPEG, H264, RESCALE, BLUR, NOISE, BRIGHTNESS)}
"""Every degradation by its name, in the order of tables and plots."""


def degradations_named(names: Sequence[str]) -> tuple[Degradation, ...]:
    """The degradations of these names, each once, in the table's order; all of them where there are no names.

    Raises:
        ConfigError: there is no such degradation.

    Examples:
        >>> [each.label for each in degradations_named(["blur", "jpeg"])]
        ['JPEG', 'Gaussian blur']
    """
    unknown = [name for name in names if name not in DEGRADATIONS]
    if unknown:
        raise ConfigError(f"there is no degradation {unknown[0]!r}; give one or more of {', '.join(DEGRADATIONS)}")
    return tuple(each for name, each in DEGRADATIONS.items() if name in names or not names)


def _rounded(values: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> ImageArray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
