"""A change of colour as one matrix, so that hue, saturation, brightness and contrast cost one multiplication."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genconvit.core.types import ImageArray

_LUMA = np.array([0.299, 0.587, 0.114])
_YIQ = np.array([_LUMA, [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
"""Matrix from RGB to brightness and the two axes of a plane of colours, as analogue television has them."""


@dataclass(frozen=True)
class Recolouring:
    """Change of colour of every pixel alike.

    Attributes:
        hue: the turn in the plane of colours, as a fraction of the circle.
        saturation: a factor; 0 is grey.
        value: a factor on everything.
        contrast: a factor on the distance from the image's mean brightness.
        brightness: grey levels of 0 to 255 that are added.
        shift: grey levels that are added to red, green and blue.
    """

    hue: float = 0.0
    saturation: float = 1.0
    value: float = 1.0
    contrast: float = 1.0
    brightness: float = 0.0
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __call__(self, image: ImageArray) -> ImageArray:
        """A recoloured copy, clipped.

        Args:
            image: RGB, uint8 [height, width, 3].
        """
        pixels = image.reshape(-1, 3).astype(np.float32)
        turned = self._matrix()
        mean = float(_LUMA @ turned @ pixels.mean(axis=0, dtype=np.float64)) * self.value
        offset = mean * (1 - self.contrast) + self.brightness + np.array(self.shift)
        matrix = turned * self.value * self.contrast
        changed = pixels @ matrix.T.astype(np.float32) + offset.astype(np.float32)
        return np.clip(np.rint(changed), 0, 255).astype(np.uint8).reshape(image.shape)

    def _matrix(self) -> npt.NDArray[np.float64]:
        """Float64 [3, 3]: hue and saturation, which leave the brightness as it is."""
        angle = 2 * math.pi * self.hue
        cosine, sine = self.saturation * math.cos(angle), self.saturation * math.sin(angle)
        plane = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
        matrix: npt.NDArray[np.float64] = np.linalg.inv(_YIQ) @ plane @ _YIQ
        return matrix
