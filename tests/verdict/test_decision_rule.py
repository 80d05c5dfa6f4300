"""Options become a rule, and the rule says what a score is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from calibrations import calibration, write_calibration
from genconvit.core.errors import ConfigError
from genconvit.results.decision import CalibrationInfo, Decision
from genconvit.verdict.calibration import ScoreBasis, StoredCalibration
from genconvit.verdict.decision_rule import DEFAULT_RULE, DecisionOptions, DecisionRule, decision_rule

BASIS = ScoreBasis(architecture="grey", config={"mode": "any"}, weights_sha256=("a",), person="pool", score_rule="mean")


def rule(**options: Any) -> DecisionRule:
    return decision_rule(DecisionOptions(**options))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A calibration by a temperature of 3, from reals with the scores 0.1, 0.2 and 0.7."""
    return write_calibration(tmp_path / "cal.json")


def test_without_options_the_rule_is_the_default_one_and_states_nothing() -> None:
    assert rule() is DEFAULT_RULE
    assert rule(threshold=0.5) is rule(threshold="0.5") is DEFAULT_RULE
    assert DEFAULT_RULE.decision is None
    labels = [DEFAULT_RULE.ruling(each, trained=True).label for each in (0.0, 0.5, np.nextafter(0.5, 1), 1.0)]
    assert labels == ["REAL", "REAL", "FAKE", "FAKE"]


def test_fake_is_what_lies_above_the_threshold() -> None:
    for threshold in (0.7, "0.7", "7e-1"):
        made = rule(threshold=threshold)
        assert made.decision == Decision(threshold=0.7, threshold_from="given")
        assert [made.ruling(each, trained=True).label for each in (0.7, 0.7001)] == ["REAL", "FAKE"]


@pytest.mark.parametrize("band", [(0.4, 0.6), "0.4,0.6", " 0.4 , 0.6 ", [0.4, 0.6]], ids=str)
def test_within_the_band_and_on_its_edges_there_is_no_label(band: Any) -> None:
    made = rule(inconclusive=band)
    assert made.decision == Decision(threshold=0.5, threshold_from="default", inconclusive=(0.4, 0.6))
    rulings = [made.ruling(each, trained=True) for each in (0.39, 0.4, 0.5, 0.6, 0.61)]
    assert [(each.status, each.label) for each in rulings] == [
        ("ok", "REAL"),
        *[("inconclusive", None)] * 3,
        ("ok", "FAKE"),
    ]


def test_untrained_weights_get_neither_a_label_nor_the_band() -> None:
    found = rule(inconclusive=(0.4, 0.6)).ruling(0.5, trained=False)
    assert (found.status, found.label) == ("ok", None)


def test_with_a_calibration_the_rule_looks_at_the_calibrated_probability(path: Path) -> None:
    made = rule(calibration=str(path), threshold=0.7)
    assert made.stored is not None
    assert made.decision == Decision(
        threshold=0.7,
        threshold_from="given",
        calibration=CalibrationInfo(name="cal.json", sha256=made.stored.sha256, method="temperature"),
    )
    assert made.ruling(0.9, trained=True).calibrated == made.stored.calibration.apply(0.9) < 0.7
    assert made.ruling(0.9, trained=True).label == "REAL"
    assert made.ruling(0.95, trained=True).label == "FAKE"
    assert rule(calibration=str(path)).decision is not None


@pytest.mark.parametrize(("fpr", "above"), [(0, 0), (0.3, 0), (0.34, 1), (0.7, 2)])
def test_a_rate_bounds_the_calibrations_reals_that_are_fake(path: Path, fpr: float, above: int) -> None:
    made = rule(calibration=str(path), threshold=f"fpr={fpr}")
    labels = [made.ruling(score, trained=True).label for score in calibration().real_scores]
    assert labels.count("FAKE") == above
    assert made.decision is not None
    assert made.decision.threshold_from == f"fpr={fpr} of 3 reals in cal.json"


def test_a_rate_that_the_reals_are_too_few_for_is_told_of(path: Path) -> None:
    few = "3 reals are too few for fpr={}: the threshold is the highest of their scores"
    assert rule(calibration=str(path), threshold="fpr=0.01").notes == (few.format("0.01"),)
    assert rule(calibration=str(path), threshold="fpr=0.34").notes == ()


def test_a_threshold_that_no_score_comes_above_is_told_of(tmp_path: Path) -> None:
    knots = {"method": "isotonic", "temperature": None, "knots_x": (0.1, 0.7), "knots_y": (0.2, 0.8)}
    path = write_calibration(tmp_path / "cal.json", **knots)
    notes = rule(calibration=str(path), threshold="fpr=0").notes
    assert notes[-1] == "no score comes above the threshold 0.8, so nothing is called FAKE"


def test_the_calibrations_own_warnings_are_told(tmp_path: Path) -> None:
    path = write_calibration(tmp_path / "cal.json", warnings=("too \x1b[1mfew",))
    assert rule(calibration=str(path)).notes == ("cal.json: too \\x1b[1mfew",)


def test_a_calibration_of_other_scores_is_told_of() -> None:
    def notes(fitted: ScoreBasis | None, basis: ScoreBasis) -> tuple[str, ...]:
        stored = StoredCalibration(calibration(basis=fitted), "cal.json", "0")
        return DecisionRule(stored=stored, notes=("first",)).notes_for(basis)

    assert notes(BASIS, BASIS) == notes(None, BASIS) == ("first",)
    other = BASIS.model_copy(update={"weights_sha256": ("b",)})
    assert notes(BASIS, other) == ("first", "cal.json was fitted for other scores: other weights")
    assert "architecture=grey" in notes(BASIS, BASIS.model_copy(update={"architecture": "v2"}))[1]
    assert DEFAULT_RULE.notes_for(BASIS) == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": 0}, "lies between 0 and 1, so that both labels can be given; got 0"),
        ({"threshold": 1.0}, "so that both labels can be given; got 1"),
        ({"threshold": "1"}, "so that both labels can be given; got 1"),
        ({"threshold": float("nan")}, "threshold"),
        ({"threshold": "high"}, "threshold 'high' is neither a number"),
        (
            {"threshold": "fpr=0.01", "calibration": "none"},
            "rests on the reals of a calibration; give calibration=FILE",
        ),
        ({"inconclusive": (0.6, 0.4)}, "from a lower to a higher number, both from 0 to 1; got 0.6 and 0.4"),
        ({"inconclusive": (0.5, 0.5)}, "from a lower to a higher number"),
        ({"inconclusive": (-0.1, 0.6)}, "from a lower to a higher number"),
        ({"inconclusive": (0.4, 1.1)}, "from a lower to a higher number"),
        ({"inconclusive": (0.6, 0.8)}, r"must hold the threshold, 0\.5 \(default\); move one of them"),
        ({"inconclusive": (0.4, 0.6), "threshold": 0.7}, r"must hold the threshold, 0\.7 \(given\)"),
        ({"inconclusive": "0.4"}, "inconclusive"),
        ({"inconclusive": "0.4,0.5,0.6"}, "inconclusive"),
        ({"inconclusive": "low,high"}, "inconclusive"),
        ({"inconclusive": "None"}, "inconclusive"),
        ({"inconclusive": (0.4, float("nan"))}, "inconclusive"),
        ({"inconclusive": "0.4,inf"}, "inconclusive"),
    ],
    ids=str,
)
def test_options_that_make_no_rule_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises((ValidationError, ConfigError), match=message):
        DecisionOptions(**options)


def test_a_band_beside_the_calibrations_threshold_is_refused(path: Path) -> None:
    with pytest.raises(ConfigError, match=r"must hold the threshold, 0\.57.* \(fpr=0 of 3 reals in cal\.json\)"):
        rule(calibration=str(path), threshold="fpr=0", inconclusive=(0.6, 0.8))
    assert rule(calibration=str(path), threshold="fpr=0", inconclusive=(0.5, 0.8)).decision is not None


def test_a_rate_needs_a_calibration() -> None:
    with pytest.raises(ConfigError, match=r"threshold fpr=0\.01 rests on the reals of a calibration; give calib"):
        rule(threshold="fpr=0.01")


def test_a_calibration_of_faces_says_so_and_heeds_neither_rules_nor_the_face_detector(tmp_path: Path) -> None:
    basis = BASIS.of_faces
    fields = {"version": 2, "count": 7, "videos": None, "unit": "faces", "described": "crops\x1b", "balanced": True}
    path = write_calibration(tmp_path / "cal.json", basis=basis.model_dump(mode="json"), **fields)
    notes = rule(calibration=str(path)).notes
    assert notes == (
        "cal.json was fitted on 7 single faces (crops\\x1b), reals and fakes weighted alike, while a video's score is "
        "a mean over faces",
    )
    assert rule(calibration=str(path)).notes_for(BASIS) == notes
    other = BASIS.model_copy(update={"weights_sha256": ("b",)})
    assert rule(calibration=str(path)).notes_for(other)[1:] == ("cal.json was fitted for other scores: other weights",)


def test_videos_that_were_weighted_alike_are_told_of(tmp_path: Path) -> None:
    path = write_calibration(tmp_path / "cal.json", version=2, count=7, videos=None, balanced=True)
    assert rule(calibration=str(path)).notes == ("cal.json was fitted on 7 videos, reals and fakes weighted alike",)


def test_a_calibration_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for missing in (str(tmp_path / "none.json"), ""):
        with pytest.raises(ConfigError, match="cannot be read"):
            rule(calibration=missing)


def test_a_decision_is_one_line_for_people() -> None:
    made = CalibrationInfo(name="cal.json", sha256="0", method="isotonic")
    decision = Decision(threshold=0.25, threshold_from="given", inconclusive=(0.2, 0.3), calibration=made)
    assert decision.summary == (
        "calibrated by cal.json (isotonic); FAKE above a calibrated probability of 0.25 (given); no label from 0.2 to "
        "0.3"
    )
    plain = Decision(threshold=0.7, threshold_from="given")
    assert plain.summary == "FAKE above a fake probability of 0.7 (given)"
