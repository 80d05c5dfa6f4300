"""How a score becomes a label: a threshold, a calibration, and a band of scores that have none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import field_validator, model_validator

from genconvit.calibration import ScoreBasis, StoredCalibration, read_calibration
from genconvit.config import FrozenConfig
from genconvit.errors import ConfigError
from genconvit.result import Label, Status
from genconvit.rule import CalibrationInfo, Decision, check_band
from genconvit.text import printable
from genconvit.threshold import FprTarget, parse_threshold, threshold_for_fpr

DEFAULT_THRESHOLD = 0.5
"""A fake probability lies above it exactly where p_fake > p_real."""


class DecisionOptions(FrozenConfig):
    """How a score becomes a label. The defaults are the reference's way: FAKE exactly where p_fake > p_real.

    Attributes:
        threshold: FAKE is what lies above it: a number between 0 and 1, or ``"fpr=0.01"`` for the smallest one that at
            most this share of the calibration's real videos lie above.
        calibration: a file that ``genconvit calibrate`` wrote. Threshold and band then hold for the calibrated
            probability.
        inconclusive: two numbers, or the text ``"0.4,0.6"``: from the first to the second, both included, a video gets
            no label. The threshold lies between them.
    """

    threshold: float | str = DEFAULT_THRESHOLD
    calibration: str | None = None
    inconclusive: tuple[float, float] | None = None

    @field_validator("threshold")
    @classmethod
    def _is_a_threshold(cls, threshold: float | str) -> float | str:
        value = parse_threshold(threshold) if isinstance(threshold, str) else threshold
        if isinstance(value, FprTarget):
            return threshold
        if not 0 < value < 1:
            raise ValueError(f"a threshold lies between 0 and 1, so that both labels can be given; got {value:g}")
        return value

    @field_validator("inconclusive", mode="before")
    @classmethod
    def _parts_of_text(cls, band: Any) -> Any:  # noqa: ANN401 - pydantic judges what it is
        return tuple(part.strip() for part in band.split(",", 2)) if isinstance(band, str) else band

    @model_validator(mode="after")
    def _fits_together(self) -> DecisionOptions:
        if not isinstance(self.threshold, str):
            check_band(self.inconclusive, self.threshold, _origin(self.threshold))
        elif self.calibration is None:
            raise ValueError(
                f"threshold {self.threshold} rests on the real videos of a calibration; give calibration=FILE "
                "(--calibration), or a number"
            )
        return self


@dataclass(frozen=True)
class Ruling:
    """What a rule says of one score.

    Attributes:
        status: ``ok`` or ``inconclusive``.
        label: None where it is inconclusive, or the weights are untrained.
        calibrated: the calibrated probability; None without a calibration.
    """

    status: Status
    label: Label | None
    calibrated: float | None


@dataclass(frozen=True)
class DecisionRule:
    """The options of a decision, with the calibration read.

    Attributes:
        decision: what every result says of it; None for the default rule.
        stored: the calibration; None without one.
        notes: what every result with a score must say of it.
    """

    decision: Decision | None = None
    stored: StoredCalibration | None = None
    notes: tuple[str, ...] = ()

    def ruling(self, probability: float, *, trained: bool) -> Ruling:
        """What it says of a fake probability.

        Args:
            probability: in [0, 1].
            trained: whether the weights are; a score of others gets no label, and is not inconclusive either.
        """
        calibrated = self.stored.calibration.apply(probability) if self.stored else None
        judged = probability if calibrated is None else calibrated
        decision = self.decision or _DEFAULT
        if trained and decision.is_inconclusive(judged):
            return Ruling("inconclusive", None, calibrated)
        return Ruling("ok", decision.label(judged) if trained else None, calibrated)

    def notes_for(self, basis: ScoreBasis) -> tuple[str, ...]:
        """What a result with a score must say of it, given what the score depends on."""
        fitted = self.stored.calibration.basis if self.stored else None
        if self.stored is None or fitted is None:  # of that, the calibration's own warnings tell
            return self.notes
        differences = printable(", ".join(fitted.differences(basis)))
        note = f"{printable(self.stored.name)} was fitted for other scores: {differences}"
        return (*self.notes, note) if differences else self.notes


DEFAULT_RULE = DecisionRule()
_DEFAULT = Decision(threshold=DEFAULT_THRESHOLD, threshold_from="default")


def decision_rule(options: DecisionOptions) -> DecisionRule:
    """The rule that options name; reads the calibration.

    Raises:
        ConfigError: the calibration cannot be read or is none, or the threshold that it gives lies outside of the band.
    """
    if options.threshold == DEFAULT_THRESHOLD and options.calibration is None and options.inconclusive is None:
        return DEFAULT_RULE
    stored = read_calibration(options.calibration) if options.calibration is not None else None
    threshold, origin, notes = _threshold(options.threshold, stored)
    try:
        check_band(options.inconclusive, threshold, origin)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    made = stored and CalibrationInfo(name=stored.name, sha256=stored.sha256, method=stored.calibration.method)
    return DecisionRule(
        decision=Decision(
            threshold=threshold, threshold_from=origin, inconclusive=options.inconclusive, calibration=made
        ),
        stored=stored,
        notes=(*_warnings(stored), *notes),
    )


def _threshold(asked: float | str, stored: StoredCalibration | None) -> tuple[float, str, list[str]]:
    """The threshold as a number, where it came from, and what must be said of that."""
    target = parse_threshold(asked) if isinstance(asked, str) else asked
    if stored is None or not isinstance(target, FprTarget):
        number = float(asked)
        return number, _origin(number), []
    calibration = stored.calibration
    threshold = threshold_for_fpr(calibration.apply_all(np.array(calibration.real_scores)).tolist(), target.fpr)
    notes = []
    if calibration.reals * target.fpr < 1:
        notes.append(f"{calibration.reals} reals are too few for {asked}: the threshold is the highest of their scores")
    if calibration.apply(1.0) <= threshold:
        notes.append(f"no score comes above the threshold {threshold:g}, so nothing is called FAKE")
    return threshold, f"{asked} of {calibration.reals} reals in {printable(stored.name)}", notes


def _warnings(stored: StoredCalibration | None) -> list[str]:
    return [f"{printable(stored.name)}: {printable(each)}" for each in stored.calibration.warnings] if stored else []


def _origin(threshold: float) -> str:
    return "default" if threshold == DEFAULT_THRESHOLD else "given"
