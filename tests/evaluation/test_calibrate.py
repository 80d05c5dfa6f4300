"""Fitting a calibration: what it finds, what it leaves out, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit

from genconvit.core.errors import DatasetError
from genconvit.evaluation.calibrate import Fitting, fit_calibration, fit_scores
from genconvit.evaluation.results_file import read_results
from genconvit.evaluation.scored import ScoredSet
from genconvit.results.decision import CalibrationMethod
from genconvit.results.provenance import WeightsFile
from genconvit.verdict.calibration import MOST_SCORES, Calibration, Fitted, ScoreBasis
from scored import result, scored_set, video, write_json
from support import shared

BASIS = ScoreBasis(architecture="grey", config={})


def overconfident(count: int = 2000, factor: float = 3.0) -> ScoredSet:
    """Videos whose labels are drawn from the sigmoid of a logit, and whose scores are that of ``factor`` times it."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, count)
    fake = random.random(count) < expit(logits)
    scores = expit(factor * logits)
    rows = [video("FAKE" if each else "REAL", score) for each, score in zip(fake, scores.tolist(), strict=True)]
    return scored_set(*rows, trained=True).model_copy(update={"bases": (BASIS,)})


def counted(fakes: int, reals: int) -> ScoredSet:
    rows = [video("FAKE", 0.2 + number % 7 / 10) for number in range(fakes)]
    return scored_set(*rows, *(video("REAL", 0.1 + number % 6 / 10) for number in range(reals)))


@pytest.mark.parametrize("factor", [0.4, 3.0])
def test_a_temperature_is_found_again_and_mends_the_scores(factor: float) -> None:
    found = fit_calibration([overconfident(factor=factor)])
    assert found.temperature == pytest.approx(factor, rel=0.1)
    assert found.after is not None
    assert found.after.calibration_error < found.before.calibration_error / 2
    assert found.after.log_loss < found.before.log_loss
    assert found.after.brier_score < found.before.brier_score
    assert found.warnings == ()
    assert found.basis == BASIS


def test_a_sigmoid_is_found_again_where_scores_lean_to_one_side() -> None:
    random = np.random.default_rng(1)
    logits = random.normal(0, 2, 4000)
    fake = random.random(4000) < expit(logits)
    scores = expit(2 * logits + 1.5)
    found, by_temperature = (
        fit_scores(scores, fake, Fitted(), Fitting(method=method)) for method in ("sigmoid", "temperature")
    )
    assert found.temperature == pytest.approx(2, rel=0.1)
    assert found.offset == pytest.approx(-0.75, abs=0.1)
    assert found.apply_all(expit(2 * np.linspace(-4, 4, 50) + 1.5)) == pytest.approx(
        expit(np.linspace(-4, 4, 50)), abs=0.03
    )
    assert found.after is not None
    assert by_temperature.after is not None
    assert found.after.calibration_error < by_temperature.after.calibration_error / 2
    assert found.after.log_loss < by_temperature.after.log_loss


def test_isotonic_finds_an_ascending_map_near_the_truth() -> None:
    found = fit_calibration([overconfident(4000)], Fitting(method="isotonic"))
    logits = np.linspace(-4, 4, 200)
    mapped = found.apply_all(expit(3 * logits))
    assert (np.diff(mapped) >= 0).all()
    assert np.abs(mapped - expit(logits)).mean() < 0.04
    assert found.after is not None
    assert found.after.calibration_error < found.before.calibration_error / 2
    assert found.warnings == ()


@pytest.mark.parametrize("method", ["temperature", "sigmoid", "isotonic"])
def test_what_comes_after_is_measured_on_videos_that_were_not_fitted_on(method: CalibrationMethod) -> None:
    random = np.random.default_rng(3)
    rows = [video("FAKE" if random.random() < 0.5 else "REAL", score) for score in random.random(60).tolist()]
    found = fit_calibration([scored_set(*rows)], Fitting(method=method))
    assert found.after is not None
    fitted = found.apply_all(np.array([row.score for row in rows]))
    truth = np.array([row.truth == "FAKE" for row in rows])
    assert found.after.brier_score > ((fitted - truth) ** 2).mean()
    assert fit_calibration([scored_set(*rows)], Fitting(method=method)).after == found.after
    assert fit_calibration([scored_set(*rows)], Fitting(method=method, seed=1)).after != found.after


def test_videos_without_a_score_or_a_label_are_left_out_and_counted() -> None:
    base = counted(60, 60)
    others = [
        video(None, 0.9),
        video("FAKE", status="no_face"),
        video("REAL", 0.5, status="no_face"),
        video("REAL", status="unreadable"),
    ]
    found = fit_calibration([base, scored_set(*others)])
    assert (found.count, found.fakes, found.reals, found.left_out) == (120, 60, 60, 4)
    assert found.temperature == fit_calibration([base]).temperature
    inconclusive = scored_set(*(row.model_copy(update={"status": "inconclusive"}) for row in base.rows))
    assert fit_calibration([inconclusive]).temperature == found.temperature


def test_scores_that_are_calibrated_already_are_fitted_on_as_they_were_before() -> None:
    base = overconfident(300)
    mapped = [
        row.model_copy(update={"uncalibrated": row.score, "score": 0.5 * (row.score or 0), "status": "inconclusive"})
        for row in base.rows
    ]
    found = fit_calibration([base.model_copy(update={"rows": tuple(mapped)})])
    before = fit_calibration([base])
    assert (found.temperature, found.real_scores) == (before.temperature, before.real_scores)


@pytest.mark.parametrize("method", ["temperature", "sigmoid", "isotonic"])
def test_balanced_is_as_if_there_were_as_many_of_each(method: CalibrationMethod) -> None:
    random = np.random.default_rng(5)
    fakes, reals = random.beta(3, 2, 100), random.beta(2, 3, 300)
    scores, truth = np.append(fakes, reals), np.arange(400) < 100
    repeated = np.concatenate((fakes, fakes, fakes, reals)), np.arange(600) < 300
    balanced = fit_scores(scores, truth, Fitted(), Fitting(method=method, balance=True))
    alike = fit_scores(*repeated, Fitted(), Fitting(method=method))
    plain = fit_scores(scores, truth, Fitted(), Fitting(method=method))
    places = np.linspace(0, 1, 50)
    assert balanced.apply_all(places) == pytest.approx(alike.apply_all(places), abs=1e-5)
    assert np.abs(balanced.apply_all(places) - plain.apply_all(places)).max() > 0.01
    assert balanced.before.model_dump() == pytest.approx(alike.before.model_dump())
    assert balanced.before.log_loss != pytest.approx(plain.before.log_loss, rel=1e-3)
    assert (balanced.balanced, balanced.count, plain.balanced) == (True, 400, False)
    assert len(balanced.real_scores) == 300


def test_arrays_are_fitted_on_with_what_is_said_of_them() -> None:
    scored = overconfident(200)
    scores = np.array([row.score for row in scored.rows])
    truth = np.array([row.truth == "FAKE" for row in scored.rows])
    fitted = Fitted(unit="faces", described="crops of the valid split", basis=BASIS.of_faces)
    found = fit_scores(scores, truth, fitted)
    assert found.temperature == fit_calibration([scored]).temperature
    assert (found.unit, found.basis) == ("faces", BASIS)
    assert found.origin == "200 single faces (crops of the valid split)"
    with pytest.raises(DatasetError, match="needs real and fake faces with a score; got 0 real and 3 fake"):
        fit_scores(np.full(3, 0.5), np.ones(3, np.bool_), fitted)
    few = fit_scores(scores[:60], truth[:60], fitted)
    assert any("a temperature needs 50" in each for each in few.warnings)


def test_the_scores_of_reals_are_kept_in_order() -> None:
    found = fit_calibration([counted(60, 60)])
    assert list(found.real_scores) == sorted(0.1 + number % 6 / 10 for number in range(60))


def test_of_very_many_reals_some_stand_for_all_and_none_of_the_rates_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genconvit.evaluation.calibrate.MOST_SCORES", 10)
    monkeypatch.setattr("genconvit.verdict.calibration.MOST_SCORES", 10)
    assert MOST_SCORES == 100_000
    found = fit_calibration([overconfident(300)])
    reals = np.sort([row.score for row in overconfident(300).rows if row.truth == "REAL"])
    assert len(found.real_scores) == 10
    assert found.reals == len(reals) > 100
    for place, score in enumerate(found.real_scores):
        assert (reals > score).mean() <= (9 - place) / 10


@pytest.mark.parametrize(
    ("method", "fakes", "reals", "warning"),
    [
        ("temperature", 60, 49, "a temperature needs 50 fakes and reals; there are 60 fakes and 49 reals"),
        ("temperature", 49, 60, "a temperature needs 50 fakes and reals"),
        ("temperature", 50, 50, None),
        ("sigmoid", 49, 60, "a sigmoid needs 50 fakes and reals"),
        ("sigmoid", 50, 50, None),
        ("isotonic", 499, 500, "isotonic calibration overfits on fewer than 1000 videos; there are 999"),
        ("isotonic", 500, 500, None),
    ],
)
def test_too_few_videos_are_warned_of(method: CalibrationMethod, fakes: int, reals: int, warning: str | None) -> None:
    found = fit_calibration([counted(fakes, reals)], Fitting(method=method))
    about_number = [each for each in found.warnings if "there are" in each]
    assert len(about_number) == (warning is not None)
    assert warning is None or warning in about_number[0]


def test_with_a_handful_of_videos_what_comes_after_is_not_known() -> None:
    found = fit_calibration([counted(4, 60)])
    assert (found.after, found.why_no_after) == (None, "it takes 5 fakes and 5 reals")
    assert fit_calibration([counted(5, 5)]).after is not None


def test_scores_that_no_temperature_suits_are_warned_of() -> None:
    apart = [video("FAKE", 0.8), video("REAL", 0.2)] * 60
    found = fit_calibration([scored_set(*apart)])
    assert any("all videos lie on their side of one half" in each for each in found.warnings)
    swapped = [video("REAL", 0.8), video("FAKE", 0.2)] * 60
    found = fit_calibration([scored_set(*swapped)])
    (told,) = [each for each in found.warnings if "ROC AUC" in each]
    assert told.startswith("the scores rank these videos the wrong way round (ROC AUC 0.000): fakes have lower ones")
    assert not any("say nothing" in each for each in found.warnings)


def test_a_calibration_that_gains_nothing_says_so() -> None:
    found = fit_calibration([overconfident(100, factor=1.0)], Fitting(method="isotonic"))
    assert any(each.startswith("log loss does not fall") for each in found.warnings)


def test_scores_of_0_and_1_can_be_fitted_on() -> None:
    rows = [video("FAKE", 1.0), video("REAL", 0.0)] * 50 + [video("FAKE", 0.0), video("REAL", 1.0)]
    for fitting in (Fitting(method="temperature"), Fitting(method="isotonic")):
        found = fit_calibration([scored_set(*rows)], fitting)
        assert 0 < found.apply(0.0) < 0.5 < found.apply(1.0) < 1


@pytest.mark.parametrize(
    ("scored", "message"),
    [
        (counted(5, 0), "needs real and fake videos with a score; got 0 real and 5 fake"),
        (counted(0, 5), "got 5 real and 0 fake ones: give more results, or --labels"),
        (counted(0, 0), "got 0 real and 0 fake"),
        (counted(5, 5).model_copy(update={"trained": False, "name": "\x1b"}), r"\\x1b: its weights are untrained"),
    ],
    ids=["fakes", "reals", "none", "untrained"],
)
def test_what_cannot_be_fitted_on_is_refused(scored: ScoredSet, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        fit_calibration([scored])


def test_results_of_several_detectors_are_warned_of() -> None:
    one = counted(60, 60).model_copy(update={"bases": (BASIS,)})
    other = counted(60, 60).model_copy(update={"bases": (ScoreBasis(architecture="v2", config={}),)})
    assert fit_calibration([one, one]).warnings == ()
    mixed = fit_calibration([one, other])
    assert (mixed.basis, len(mixed.warnings)) == (None, 1)
    assert "of different detectors or rules" in mixed.warnings[0]
    unknown = fit_calibration([one, counted(60, 60)])
    assert (unknown.basis, unknown.warnings) == (None, ("not all results say by which weights they were made",))


def test_a_file_of_results_says_what_its_scores_depend_on(tmp_path: Path) -> None:
    made = result("a.mp4", 0.9, person="max", score_rule="mean")
    weights = made.provenance.weights.model_copy(update={"files": (WeightsFile(name="w", sha256="ab"),)})
    made = made.model_copy(update={"provenance": made.provenance.model_copy(update={"weights": weights})})
    lines: list[Any] = [made, made, result("b.mp4", None)]
    read = read_results(write_json(tmp_path / "r.json", [each.model_dump(mode="json") for each in lines]))
    basis = ScoreBasis(
        architecture="original",
        config={"mode": "ed"},
        weights_sha256=("ab",),
        person="max",
        score_rule="mean",
        face_detector=made.provenance.face_detector.name,
    )
    assert read.bases == (basis,)


@pytest.mark.parametrize("name", ["DFDC", "Celeb-DF", "DeepfakeTIMIT", "FF++"])
def test_the_published_scores_are_not_sure_enough(name: str) -> None:
    found = fit_calibration([read_results(shared("results", f"published_{name}.json"))])
    assert found.temperature is not None
    assert found.temperature < 0.8
    assert found.after is not None
    assert found.after.calibration_error < found.before.calibration_error
    assert Calibration.model_validate_json(found.model_dump_json()) == found
