"""Everything that a network asks of its input."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from genconvit.core.config import FrozenConfig

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

ColourOrder = Literal["rgb", "bgr"]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Means = tuple[Finite, Finite, Finite]
Deviations = tuple[Positive, Positive, Positive]


class CropSpec(FrozenConfig):
    """The crop of a face, relative to the canonical face box.

    The canonical face box is the square, like dlib's, from the eyebrows to the chin, to which every face detector maps
    its own boxes (``genconvit.core.cut.SquareRule``).
    """

    size: PositiveInt
    """Height and width of the crop in pixels."""

    scale: float = Field(default=1.0, gt=0, le=10)
    """Side of the square that the crop shows, in sides of the canonical face box."""

    shift_down: float = Field(default=0.0, ge=-10, le=10)
    """Distance of the crop's centre below the canonical face box's, in sides of the canonical face box."""

    aligned: bool = False
    """Turn the square about its centre, so that the eyes are level. A face without landmarks stays as it is."""


class InputSpec(CropSpec):
    """The input of a network: how faces are cut relative to the canonical face box, put together and normalised.

    Examples:
        >>> InputSpec(size=224).frames
        1
    """

    frames: PositiveInt = Field(default=1, le=256)
    """Number of faces in one input: 1 for single faces; more for clips of one person's face, in the order of time."""

    colour_order: ColourOrder = "rgb"
    """Order of the colour channels."""

    mean: Means = IMAGENET_MEAN
    """Mean of the pixels in [0, 1] that the network takes as 0, in the colour order."""

    std: Deviations = IMAGENET_STD
    """Divisor of a pixel's difference from the mean, in the colour order."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the uint8 pixels of one input: [size, size, 3], or [frames, size, size, 3] for a clip."""
        crop = (self.size, self.size, 3)
        return crop if self.frames == 1 else (self.frames, *crop)
