"""How a face is cut out of a frame: the rule from a detector's box to a square, and the size of the crop."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveInt

from genconvit.core.config import FrozenConfig


class SquareRule(FrozenConfig):
    """How a detector's box becomes the square that a network sees."""

    side: float = Field(gt=0, le=10)
    """Side of the square, in heights of the box."""

    shift_down: float = Field(ge=-10, le=10)
    """Distance of the square's centre below the box's, in heights of the box."""


CropRules = Annotated[dict[Annotated[str, Field(min_length=1, max_length=100)], SquareRule], Field(max_length=20)]
"""For each face detector, by its registered name, the rule that a training's crops were cut with."""


class Cut(FrozenConfig):
    """How a face is cut for a network."""

    size: PositiveInt
    """Side of the crop in pixels."""

    rule: SquareRule
    """Which square it shows."""
