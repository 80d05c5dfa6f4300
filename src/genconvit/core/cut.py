"""The way from a face detector's box to a crop: the rule to the canonical face box, and the crop relative to it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from genconvit.core.config import FrozenConfig
from genconvit.core.input_spec import CropSpec


class SquareRule(FrozenConfig):
    """The canonical face box for a detector's box: a square like dlib's, from the eyebrows to the chin."""

    side: float = Field(gt=0, le=10)
    """Side of the square, in heights of the box."""

    shift_down: float = Field(ge=-10, le=10)
    """Distance of the square's centre below the box's, in heights of the box."""


CropRules = Annotated[dict[Annotated[str, Field(min_length=1, max_length=100)], SquareRule], Field(max_length=20)]
"""For each face detector, by its registered name, the rule that a training's crops were cut with."""


class Cut(CropSpec):
    """The way from a detector's box to the crop that a network sees."""

    rule: SquareRule
    """Rule by which the detector's box becomes the canonical face box."""

    @classmethod
    def of(cls, spec: CropSpec, rule: SquareRule) -> Cut:
        """The cut for a network that sees such crops, where this rule leads to the canonical face box."""
        return cls(rule=rule, **{name: getattr(spec, name) for name in CropSpec.model_fields})
