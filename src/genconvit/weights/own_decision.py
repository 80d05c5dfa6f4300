"""Calibration and band that weights bring of their own, for the decision over their scores."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from genconvit.core.config import FrozenConfig

Share = Annotated[float, Field(ge=0, le=1)]


class OwnDecision(FrozenConfig):
    """A calibration and an inconclusive band that hold where nothing else is said; JSON both ways."""

    name: str = Field(max_length=255)
    """Name of the calibration's file."""

    calibration: str
    """Content of the calibration's file, JSON."""

    inconclusive: tuple[Share, Share] | None = None
    """Fake probabilities, before the calibration, from which to which a video gets no label; None for none."""
