"""The rule by which a label follows from a probability, as a result states it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from genconvit.core.config import FrozenConfig

CalibrationMethod = Literal["temperature", "sigmoid", "isotonic"]


class CalibrationInfo(FrozenConfig):
    """Which calibration made a probability of a score.

    Attributes:
        name: its file name.
        sha256: of its bytes, in hexadecimal.
        method: by which it was fitted.
    """

    name: str
    sha256: str
    method: CalibrationMethod


class Decision(FrozenConfig):
    """The rule by which a label follows from a probability, where it is not the default one.

    Attributes:
        threshold: FAKE is what lies above it.
        threshold_from: where that number came from.
        inconclusive: from which probability to which, both included, there is no label; None for nowhere.
        calibration: what the rule looks at is the probability that this one made; None for the fake probability.
    """

    threshold: float = Field(ge=0, le=1)
    threshold_from: str
    inconclusive: tuple[float, float] | None = None
    calibration: CalibrationInfo | None = None

    @property
    def summary(self) -> str:
        """One line for people: what is FAKE, and what is neither."""
        kind, parts = "fake probability", []
        if self.calibration:
            kind = "calibrated probability"
            parts.append(f"calibrated by {self.calibration.name} ({self.calibration.method})")
        parts.append(f"FAKE above a {kind} of {self.threshold:.4g} ({self.threshold_from})")
        if self.inconclusive:
            parts.append(f"no label from {self.inconclusive[0]:.4g} to {self.inconclusive[1]:.4g}")
        return "; ".join(parts)

    def is_inconclusive(self, probability: float) -> bool:
        """Whether there is no label for this probability."""
        return self.inconclusive is not None and self.inconclusive[0] <= probability <= self.inconclusive[1]

    def label(self, probability: float) -> Literal["FAKE", "REAL"]:
        """The label for a probability that is not inconclusive."""
        return "FAKE" if probability > self.threshold else "REAL"

    @model_validator(mode="after")
    def _the_band_holds_the_threshold(self) -> Decision:
        check_band(self.inconclusive, self.threshold, self.threshold_from)
        return self


def check_band(band: tuple[float, float] | None, threshold: float, origin: str) -> None:
    """Make sure that what lies below an inconclusive band is REAL, and what lies above it FAKE.

    Args:
        band: from which probability to which; None for none.
        threshold: FAKE is what lies above it.
        origin: where that came from.

    Raises:
        ValueError: it is no band, or the threshold is outside of it.
    """
    if band is None:
        return
    low, high = band
    if not 0 <= low < high <= 1:
        raise ValueError(
            f"the inconclusive band goes from a lower to a higher number, both from 0 to 1; got {low:g} and {high:g}"
        )
    if not low <= threshold <= high:
        raise ValueError(
            f"the inconclusive band from {low:g} to {high:g} must hold the threshold, {threshold:g} ({origin}); move "
            "one of them"
        )
