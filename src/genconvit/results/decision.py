"""The rule by which a label follows from a probability, as a result states it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from genconvit.core.config import FrozenConfig

CalibrationMethod = Literal["temperature", "sigmoid", "isotonic"]


class CalibrationInfo(FrozenConfig):
    """The calibration that made a probability of a score."""

    name: str
    """Name of the calibration's file."""

    sha256: str
    """SHA-256 of its bytes, in hexadecimal."""

    method: CalibrationMethod
    """Method by which it was fitted."""


class Decision(FrozenConfig):
    """The rule by which a label follows from a probability, where it is not the default one."""

    threshold: float = Field(ge=0, le=1)
    """Probability above which the label is FAKE."""

    threshold_from: str
    """Origin of that number: given, a false positive rate, the calibration, or the weights' own."""

    inconclusive: tuple[float, float] | None = None
    """Lowest and highest probability, both included, that get no label; None where every one gets one."""

    calibration: CalibrationInfo | None = None
    """Calibration whose probability the rule looks at; None where that is the fake probability."""

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
        """Tell whether there is no label for this probability."""
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
        band: lowest and highest probability; None for no band.
        threshold: FAKE is what lies above it.
        origin: origin of the threshold.

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
