"""Ranges that a number is drawn from, as fields of a config."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field

Share = Annotated[float, Field(ge=0, le=1)]
"""A probability, or a fraction of a side."""

Range = tuple[float, float]
"""Lowest and highest number that can be drawn, both included; equal ones leave nothing to chance."""


def within(lowest: float, highest: float) -> AfterValidator:
    """A check that a ``Range`` goes upwards and does not reach beyond these numbers."""

    def check(value: Range) -> Range:
        low, high = value
        if not lowest <= low <= high <= highest:
            raise ValueError(f"a range goes upwards and lies within {lowest:g} to {highest:g}; got {low:g} to {high:g}")
        return value

    return AfterValidator(check)


def drawn(random: np.random.Generator, values: Range) -> float:
    """A number out of a range, each as likely as the others."""
    return float(random.uniform(*values))


def around(random: np.random.Generator, reach: float, centre: float = 0.0) -> float:
    """A number at most so far from a centre, each as likely as the others."""
    return float(random.uniform(centre - reach, centre + reach))
