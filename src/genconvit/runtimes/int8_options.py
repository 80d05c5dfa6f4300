"""Crops that a network in int8 is fitted to, and the distance from fp32 that its scores may have."""

from __future__ import annotations

from dataclasses import dataclass

MAX_CHANGE = 0.05
"""Largest change of a fake probability that is allowed where nothing else is said."""


@dataclass(frozen=True)
class Int8Options:
    """Crops that int8 is fitted to, and a bound.

    Attributes:
        crops: path of a folder of face crops; None is the package's portrait.
        max_change: largest change of a fake probability that is allowed.
    """

    crops: str | None = None
    max_change: float = MAX_CHANGE
