"""The way from a face detector's box to a crop: a rule to the canonical face box, and the crop relative to it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from genconvit.core.config import FrozenConfig
from genconvit.core.input_spec import CropSpec


class SquareRule(FrozenConfig):
    """The rule by which a face detector's box becomes the canonical face box.

    The canonical face box is a square like dlib's, from the eyebrows to the chin.
    """

    side: float = Field(gt=0, le=10)
    """Side of the canonical face box, in heights of the detector's box."""

    shift_down: float = Field(ge=-10, le=10)
    """Distance of the canonical face box's centre below that of the detector's box, in heights of that box."""


CropRules = Annotated[dict[Annotated[str, Field(min_length=1, max_length=100)], SquareRule], Field(max_length=20)]
"""For each face detector, by its registered name, the rule that a training's crops were cut with."""


class Cut(CropSpec):
    """The way from a detector's box to the crop that a network sees."""

    rule: SquareRule
    """Rule by which the detector's box becomes the canonical face box."""

    @classmethod
    def of(cls, spec: CropSpec, rule: SquareRule) -> Cut:
        """The cut for a network that sees such crops, where this rule gives the canonical face box."""
        return cls(rule=rule, **{name: getattr(spec, name) for name in CropSpec.model_fields})
