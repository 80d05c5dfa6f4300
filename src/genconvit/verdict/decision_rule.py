"""Rule by which a score becomes a label: a threshold, a calibration, and a band of scores that have none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import field_validator, model_validator

from genconvit.core.config import FrozenConfig
from genconvit.core.errors import ConfigError
from genconvit.core.text import printable
from genconvit.results.decision import CalibrationInfo, Decision, check_band
from genconvit.results.result import Label, Status
from genconvit.verdict.calibration import ScoreBasis, StoredCalibration, parse_calibration, read_calibration
from genconvit.verdict.threshold import FprTarget, parse_threshold, threshold_for_fpr
from genconvit.weights.own_decision import OwnDecision

DEFAULT_THRESHOLD = 0.5
"""A fake probability lies above it exactly where p_fake > p_real."""

NONE = "none"
"""Text that turns off what weights bring of their own."""


class DecisionOptions(FrozenConfig):
    """Options of the way in which a score becomes a label.

    The defaults are the reference's way: FAKE exactly where p_fake > p_real. Weights that ship with the library bring a
    calibration and an inconclusive band, which hold where nothing else is said.
    """

    threshold: float | str = DEFAULT_THRESHOLD
    """Probability above which a video is FAKE: a number between 0 and 1, or ``"fpr=0.01"`` for the smallest one that at
    most this share of the calibration's reals lie above."""

    calibration: str | None = None
    """Calibration: a file that ``genconvit calibrate`` wrote, or ``"none"``. Threshold and band then hold for the
    calibrated probability. None is the weights' own, where they have one."""

    inconclusive: tuple[float, float] | Literal["none"] | None = None
    """Inconclusive band, two numbers or the text ``"0.4,0.6"``: from the first to the second, both included, a video
    gets no label, and the threshold lies between them; or ``"none"``. None is the weights' own, where they have one and
    neither another threshold nor a calibration's file is given."""

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
    def _parts_of_text(cls, band: object) -> object:
        if isinstance(band, str) and band != NONE:
            return tuple(part.strip() for part in band.split(",", 2))
        return band

    @model_validator(mode="after")
    def _fits_together(self) -> DecisionOptions:
        if not isinstance(self.threshold, str):
            check_band(self.given_band, self.threshold, _origin(self.threshold))
        elif self.calibration == NONE:
            raise ValueError(_no_reals(self.threshold))
        return self

    @property
    def given_band(self) -> tuple[float, float] | None:
        """The band that was asked for."""
        return self.inconclusive if isinstance(self.inconclusive, tuple) else None


@dataclass(frozen=True)
class Ruling:
    """Statement of a rule about one score.

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
        decision: decision that every result states; None for the default rule.
        stored: the calibration; None without one.
        notes: notes of every result with a score.
    """

    decision: Decision | None = None
    stored: StoredCalibration | None = None
    notes: tuple[str, ...] = ()

    def ruling(self, probability: float, *, trained: bool) -> Ruling:
        """Give the ruling on a fake probability.

        Args:
            probability: fake probability in [0, 1].
            trained: true for trained weights; a score of others gets no label, and is not inconclusive either.
        """
        calibrated = self.stored.calibration.apply(probability) if self.stored else None
        judged = probability if calibrated is None else calibrated
        decision = self.decision or DEFAULT_DECISION
        if trained and decision.is_inconclusive(judged):
            return Ruling("inconclusive", None, calibrated)
        return Ruling("ok", decision.label(judged) if trained else None, calibrated)

    def notes_for(self, basis: ScoreBasis) -> tuple[str, ...]:
        """List the notes of a result with a score, given what the score depends on."""
        fitted = self.stored.calibration.basis if self.stored else None
        if self.stored is None or fitted is None:  # of that, the calibration's own warnings tell
            return self.notes
        if self.stored.calibration.unit == "faces":
            basis = basis.of_faces
        differences = printable(", ".join(fitted.differences(basis)))
        note = f"{printable(self.stored.name)} was fitted for other scores: {differences}"
        return (*self.notes, note) if differences else self.notes


DEFAULT_RULE = DecisionRule()
DEFAULT_DECISION = Decision(threshold=DEFAULT_THRESHOLD, threshold_from="default")


def decision_rule(options: DecisionOptions, own: OwnDecision | None = None) -> DecisionRule:
    """The rule that options name; reads the calibration.

    Args:
        options: options that were asked for.
        own: calibration and band that the weights bring, where they ship with the library or were exported from such.

    Raises:
        ConfigError: the calibration cannot be read or is none; the threshold rests on one, and there is none; or the
            threshold that it gives lies outside of the band.
    """
    stored = _calibration(options, own)
    band = _band(options, own, stored)
    if options.threshold == DEFAULT_THRESHOLD and stored is None and band is None:
        return DEFAULT_RULE
    threshold, origin, notes = _threshold(options.threshold, stored)
    try:
        check_band(band, threshold, origin)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    made = stored and CalibrationInfo(name=stored.name, sha256=stored.sha256, method=stored.calibration.method)
    return DecisionRule(
        decision=Decision(threshold=threshold, threshold_from=origin, inconclusive=band, calibration=made),
        stored=stored,
        notes=(*_fitting_notes(stored), *_warnings(stored), *notes),
    )


def _calibration(options: DecisionOptions, own: OwnDecision | None) -> StoredCalibration | None:
    if options.calibration == NONE:
        return None
    if options.calibration is not None:
        return read_calibration(options.calibration)
    return parse_calibration(own.calibration.encode(), own.name, own.name) if own else None


def _band(
    options: DecisionOptions, own: OwnDecision | None, stored: StoredCalibration | None
) -> tuple[float, float] | None:
    """The band that was asked for, or the weights' own, of probabilities that are calibrated where the scores are."""
    if options.inconclusive is not None or own is None or own.inconclusive is None:
        return options.given_band
    if options.threshold != DEFAULT_THRESHOLD or options.calibration not in (None, NONE):
        return None
    low, high = own.inconclusive
    return (stored.calibration.apply(low), stored.calibration.apply(high)) if stored else (low, high)


def _threshold(asked: float | str, stored: StoredCalibration | None) -> tuple[float, str, list[str]]:
    """The threshold as a number, where it came from, and what must be said of that."""
    target = parse_threshold(asked) if isinstance(asked, str) else asked
    if not isinstance(target, FprTarget):
        return target, _origin(target), []
    if stored is None:
        raise ConfigError(_no_reals(str(asked)))
    calibration = stored.calibration
    threshold = threshold_for_fpr(calibration.apply_all(np.array(calibration.real_scores)).tolist(), target.fpr)
    notes = []
    if calibration.reals * target.fpr < 1:
        notes.append(f"{calibration.reals} reals are too few for {asked}: the threshold is the highest of their scores")
    if calibration.apply(1.0) <= threshold:
        notes.append(f"no score comes above the threshold {threshold:g}, so nothing is called FAKE")
    return threshold, f"{asked} of {calibration.reals} reals in {printable(stored.name)}", notes


def _no_reals(threshold: str) -> str:
    return (
        f"threshold {threshold} rests on the reals of a calibration; give calibration=FILE (--calibration), or a number"
    )


def _fitting_notes(stored: StoredCalibration | None) -> list[str]:
    """Say what a calibration was fitted on, where that is not videos as they come."""
    if stored is None or not (stored.calibration.unit == "faces" or stored.calibration.balanced):
        return []
    note = f"{stored.name} was fitted on {stored.calibration.origin}"
    mean = ", while a video's score is a mean over faces" if stored.calibration.unit == "faces" else ""
    return [printable(note + mean)]


def _warnings(stored: StoredCalibration | None) -> list[str]:
    return [f"{printable(stored.name)}: {printable(each)}" for each in stored.calibration.warnings] if stored else []


def _origin(threshold: float) -> str:
    return "default" if threshold == DEFAULT_THRESHOLD else "given"
