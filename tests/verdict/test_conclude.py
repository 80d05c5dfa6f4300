"""The scores of faces become a result: tracks, whose faces count, and which."""

from __future__ import annotations

import math
from collections.abc import Container
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from calibrations import calibration
from genconvit.core.fake_probability import face_fake_probability
from genconvit.core.types import FaceScores
from genconvit.pipeline.outcome import FoundFace, Outcome, SourceScores
from genconvit.results.decision import CalibrationInfo, Decision
from genconvit.results.provenance import FaceDetectorInfo, Provenance, WeightsInfo
from genconvit.results.quality import FaceQuality
from genconvit.results.result import VideoResult
from genconvit.verdict.aggregate import video_score
from genconvit.verdict.calibration import ScoreBasis, StoredCalibration
from genconvit.verdict.conclude import ScoreOptions, answer, conclude
from genconvit.verdict.decision_rule import DecisionRule

PROVENANCE = Provenance(
    library_version="1",
    architecture="original",
    config={"mode": "ed"},
    weights=WeightsInfo(origin="published", trained=True),
    face_detector=FaceDetectorInfo(name="mtcnn", reason="", model=None, model_sha256=None, licence="MIT"),
    decoder=None,
    device="cpu",
    precision="fp32",
)
LEFT, RIGHT, BALLOON = (0.0, 0.0, 100.0, 100.0), (300.0, 0.0, 420.0, 120.0), (600.0, 0.0, 640.0, 40.0)


def quality(width_px: int) -> FaceQuality:
    return FaceQuality(width_px=width_px, outside=0, sharpness=0.2, luma=120, clipped=0, yaw_degrees=None)


def scored(
    faces: list[tuple[int, tuple[float, float, float, float], float]],
    frames: int = 4,
    poor: Container[int] | None = None,
) -> SourceScores:
    """A source whose faces are (frame, box, fake probability); those of the rows in ``poor`` are small."""
    scores = SourceScores("pyav", frames, list(range(frames)))
    for row, (frame, box, p) in enumerate(faces):
        logits = {"ed": torch.tensor([[math.log(p / (1 - p)), math.log((1 - p) / p)]])}
        measured = None if poor is None else quality(9 if row in poor else 200)
        found = FoundFace(frame, frame / 2, box, 0.9, box, measured)
        arrays = {branch: values.numpy() for branch, values in logits.items()}
        scores.fill([[scores.place(found)]], FaceScores(arrays, face_fake_probability(arrays)))
    return scores


PEOPLE = scored(
    [
        (0, LEFT, 0.1),
        (0, RIGHT, 0.6),
        (1, RIGHT, 0.9),
        (1, LEFT, 0.3),
        (1, BALLOON, 0.99),
        (2, LEFT, 0.2),
        (3, RIGHT, 0.6),
    ]
)


def asked(scores: SourceScores = PEOPLE, **options: Any) -> VideoResult:
    return answer("clip.mp4", scores, PROVENANCE, ScoreOptions(**options))


@pytest.mark.parametrize(
    ("options", "probability"),
    [
        ({}, (0.1 + 0.6 + 0.9 + 0.3 + 0.99 + 0.2 + 0.6) / 7),
        ({"score_rule": "median"}, 0.6),
        ({"score_rule": "top2"}, (0.99 + 0.9) / 2),
        ({"score_rule": "confident"}, (0.1 + 0.6 + 0.9 + 0.3 + 0.99 + 0.2 + 0.6) / 7),
        ({"person": "max"}, 0.7),
        ({"person": "max", "score_rule": "top1"}, 0.9),
        ({"person": "mean"}, (0.2 + 0.7) / 2),
        ({"person": "mean", "score_rule": "median"}, (0.2 + 0.6) / 2),
        ({"person": "largest"}, 0.7),
        ({"person": "largest", "score_rule": "median"}, 0.6),
    ],
    ids=str,
)
def test_options_say_whose_faces_count_and_which(options: dict[str, Any], probability: float) -> None:
    result = asked(**options)
    assert result.fake_probability == pytest.approx(probability, abs=1e-6)
    assert result.label == ("FAKE" if probability > 0.5 else "REAL")
    assert result.published_score == pytest.approx(probability, abs=1e-6)
    assert (result.person, result.score_rule) == (options.get("person", "pool"), options.get("score_rule", "mean"))
    assert VideoResult.model_validate_json(result.model_dump_json()) == result


def test_a_result_without_options_is_the_references_to_the_last_bit() -> None:
    score = video_score(PEOPLE.logits())
    result = answer("clip.mp4", PEOPLE, PROVENANCE)
    assert (result.fake_probability, result.published_score) == (score.fake_probability, score.published_score)
    assert result == asked(person="pool", score_rule="mean")


def test_sources_without_a_score_state_the_rule_as_well() -> None:
    rule = CALIBRATED
    nobody = conclude(Outcome("a.mp4", SourceScores("pyav", 4)), PROVENANCE, ScoreOptions(), rule, isolated=False)
    broken = conclude(Outcome("a.mp4"), PROVENANCE, ScoreOptions(), rule, isolated=False)
    assert (nobody.status, broken.status) == ("no_face", "unreadable")
    assert nobody.decision == broken.decision == rule.decision
    assert nobody.notes == broken.notes == ()


def test_tracks_say_who_was_where_and_when() -> None:
    result = asked(score_rule="top1")
    assert [face.track for face in result.faces] == [0, 1, 1, 0, 2, 0, 1]
    left, right, balloon = result.tracks
    assert (left.first_frame_index, left.last_frame_index, left.faces, left.one_off) == (0, 2, 3, False)
    assert (right.first_pts_seconds, right.last_pts_seconds, right.faces, right.one_off) == (0.0, 1.5, 3, False)
    assert (balloon.first_frame_index, balloon.last_frame_index, balloon.one_off) == (1, 1, True)
    assert [each.fake_probability for each in result.tracks] == pytest.approx([0.3, 0.9, 0.99], abs=1e-6)
    assert "7 faces of 2 tracks in 4 frames" in str(result)


def test_faces_left_out_are_told_of_where_they_would_count() -> None:
    assert asked().notes == ()
    assert asked(person="max").notes == ("1 face that was seen only once did not count",)
    twice = scored([(0, LEFT, 0.1), (1, LEFT, 0.1), (1, BALLOON, 0.9), (3, RIGHT, 0.9)])
    assert asked(twice, person="mean").notes == ("2 faces that were seen only once did not count",)


def test_where_everyone_is_seen_once_everyone_counts() -> None:
    once = scored([(0, LEFT, 0.2), (1, RIGHT, 0.4)])
    assert asked(once, person="max").fake_probability == pytest.approx(0.4, abs=1e-6)
    assert asked(once, person="max").notes == ()
    image = scored([(0, LEFT, 0.2), (0, RIGHT, 0.4), (0, BALLOON, 0.9)], frames=1)
    assert asked(image, person="largest").fake_probability == pytest.approx(0.4, abs=1e-6)
    assert asked(image, person="max").fake_probability == pytest.approx(0.9, abs=1e-6)


def test_the_largest_is_large_on_average() -> None:
    near = (600.0, 0.0, 750.0, 150.0)
    passing = scored([*((frame, LEFT, 0.2) for frame in range(6)), (6, near, 0.8), (7, near, 0.8)], frames=8)
    assert asked(passing, person="largest").fake_probability == pytest.approx(0.8, abs=1e-6)


SEEN = [(0, LEFT, 0.1), (0, RIGHT, 0.6), (1, RIGHT, 0.9), (1, LEFT, 0.3), (1, BALLOON, 0.99), (2, LEFT, 0.2)]


@pytest.mark.parametrize(
    ("options", "poor", "counted"),
    [
        ({}, {0, 3, 4}, (6, 3)),
        ({"score_rule": "top2"}, {0, 3, 4}, (2, 1)),
        ({"score_rule": "median"}, {1, 3}, (2, 2)),
        ({"person": "max"}, {0, 3, 4}, (2, 0)),
        ({"person": "max", "score_rule": "top1"}, {2}, (1, 1)),
        ({"person": "mean"}, {0, 3, 4}, (5, 2)),
        ({"person": "mean", "score_rule": "top1"}, {3}, (2, 1)),
        ({"person": "largest"}, {1}, (2, 1)),
    ],
    ids=str,
)
def test_only_poor_faces_that_count_are_told_of(
    options: dict[str, Any], poor: set[int], counted: tuple[int, int]
) -> None:
    said = asked(scored(SEEN, poor=poor), **options).poor_faces
    assert said is not None
    assert (said.counted, said.poor, said.kinds.get("too_small", 0)) == (*counted, counted[1])


def test_quality_changes_neither_a_score_nor_a_label() -> None:
    plain, poor = asked(scored(SEEN)), asked(scored(SEEN, poor=range(6)))
    assert plain.poor_faces is None
    assert [face.quality for face in plain.faces] == [None] * 6
    assert all(face.findings[0].kind == "too_small" for face in poor.faces)
    unmeasured = [face.model_copy(update={"quality": None, "findings": ()}) for face in poor.faces]
    assert poor.model_copy(update={"poor_faces": None, "faces": tuple(unmeasured)}) == plain


def test_a_verdict_that_rests_on_poor_faces_says_so_in_words() -> None:
    words = "4 of 6 faces that the score rests on are poor: 4 too small"
    assert words in str(asked(scored(SEEN, poor=range(4))))
    half = asked(scored(SEEN, poor=range(3)))
    assert "poor" not in str(half)
    assert half.poor_faces is not None
    assert half.poor_faces.words == "3 of 6 faces that the score rests on are poor: 3 too small"


def test_no_face_has_neither_tracks_nor_rules() -> None:
    result = asked(scored([]), person="max", score_rule="top3")
    assert (result.status, result.tracks, result.person, result.score_rule) == ("no_face", (), None, None)
    assert result.poor_faces is None


CALIBRATION = CalibrationInfo(name="c.json", sha256="0" * 64, method="temperature")
CALIBRATED = DecisionRule(
    decision=Decision(threshold=0.54, threshold_from="given", inconclusive=(0.5, 0.54), calibration=CALIBRATION),
    stored=StoredCalibration(calibration(), CALIBRATION.name, CALIBRATION.sha256),
    notes=("fitted on too few",),
)


def test_a_rule_changes_the_label_and_leaves_the_scores_as_they_are() -> None:
    plain, ruled = asked(), answer("clip.mp4", PEOPLE, PROVENANCE, rule=CALIBRATED)
    assert (plain.status, plain.label, plain.calibrated_probability, plain.decision) == ("ok", "FAKE", None, None)
    assert (ruled.status, ruled.label, ruled.decision) == ("inconclusive", None, CALIBRATED.decision)
    assert plain.fake_probability is not None
    assert ruled.calibrated_probability == calibration().apply(plain.fake_probability)
    assert ruled.notes == ("fitted on too few",)
    changed = ("status", "label", "calibrated_probability", "decision", "notes")
    assert ruled.model_copy(update={name: getattr(plain, name) for name in changed}) == plain


def test_untrained_weights_have_a_calibrated_probability_and_no_verdict() -> None:
    untrained = PROVENANCE.model_copy(update={"weights": WeightsInfo(origin="random", trained=False)})
    result = answer("clip.mp4", PEOPLE, untrained, rule=CALIBRATED)
    assert (result.status, result.label, result.headline) == ("ok", None, "untrained: no verdict")
    assert result.calibrated_probability is not None


def test_a_calibration_of_other_rules_is_told_of() -> None:
    basis = ScoreBasis.of(PROVENANCE, "pool", "mean")
    stored = StoredCalibration(calibration(basis=basis), "c.json", "0" * 64)
    rule = DecisionRule(decision=CALIBRATED.decision, stored=stored)
    assert answer("clip.mp4", PEOPLE, PROVENANCE, rule=rule).notes == ()
    median = answer("clip.mp4", PEOPLE, PROVENANCE, ScoreOptions(score_rule="median"), rule)
    assert median.notes == ("c.json was fitted for other scores: score_rule=mean",)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"person": "tallest"}, "'pool', 'max', 'mean' or 'largest'"),
        ({"score_rule": "maen"}, r"unknown score rule 'maen' \(did you mean 'mean'\?\)"),
        ({"scorerule": "mean"}, "did you mean 'score_rule'"),
    ],
    ids=str,
)
def test_an_option_that_does_not_exist_is_refused(options: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ScoreOptions(**options)


def test_results_of_the_shipped_weights_say_what_they_are() -> None:
    weights = WeightsInfo(origin="embedded", trained=True, about="trained on swaps; of 9 faces it calls 2 wrong")
    result = answer("clip.mp4", PEOPLE, PROVENANCE.model_copy(update={"weights": weights}))
    assert result.notes == ("trained on swaps; of 9 faces it calls 2 wrong",)
    assert "of 9 faces it calls 2 wrong" in str(result)
    assert result.label is not None
