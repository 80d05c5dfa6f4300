from __future__ import annotations

from typing import Any

import pytest

from genconvit.core.errors import ConfigError, DatasetError
from genconvit.evaluation.conventions import EvaluationOptions
from genconvit.evaluation.evaluation import Evaluation, evaluate
from genconvit.evaluation.no_face import NoFace
from genconvit.evaluation.paired import compare_sets
from genconvit.evaluation.scored import ScoredSet
from genconvit.metrics.intervals import Resampling
from genconvit.metrics.measures import MEASURES
from genconvit.verdict.threshold import FprTarget
from scored import many, scored_set, video

FEW = Resampling(resamples=20)
NO_FACE: dict[str, Any] = {"status": "no_face"}
UNREADABLE: dict[str, Any] = {"status": "unreadable", "reason": "torn"}


def evaluated(scored: ScoredSet, **options: object) -> Evaluation:
    return evaluate(scored, EvaluationOptions.model_validate({"resampling": FEW, **options}))


def right(evaluation: Evaluation) -> tuple[int, int, int, int]:
    matrix = evaluation.confusion
    return matrix.fake_as_fake, matrix.fake_as_real, matrix.real_as_fake, matrix.real_as_real


@pytest.mark.parametrize(
    ("convention", "expected", "brier"),
    [
        ("excluded", (1, 0, 0, 1), 0.01),
        ("real", (1, 1, 0, 2), (0.02 + 1) / 4),
        ("fake", (2, 0, 1, 1), (0.02 + 1) / 4),
        ("half", (2, 0, 1, 1), (0.02 + 0.5) / 4),
    ],
)
def test_a_convention_says_what_no_answer_counts_as(
    convention: str, expected: tuple[int, int, int, int], brier: float
) -> None:
    rows = [video("FAKE", 0.9), video("REAL", 0.1), video("FAKE", **NO_FACE), video("REAL", **UNREADABLE)]
    found = evaluated(scored_set(*rows), no_face=NoFace(convention))
    assert right(found) == expected
    assert found.measures["brier_score"].value == pytest.approx(brier)
    assert found.no_face == convention


def test_what_does_not_count_is_counted_and_named() -> None:
    rows = [
        video("FAKE", 0.9, name="1"),
        video("FAKE", name="2", **NO_FACE),
        video("REAL", name="3", **UNREADABLE),
        video(None, 0.7, name="4"),
        video("REAL", 0.52, name="5", status="inconclusive", predicted=None),
    ]
    counts = evaluated(scored_set(*rows)).counts
    assert (counts.videos, counts.fakes, counts.reals, counts.measured, counts.measured_fakes) == (5, 2, 2, 2, 1)
    named = (counts.no_face, counts.unreadable, counts.unknown_label, counts.inconclusive)
    assert [[each.name for each in kind] for kind in named] == [["2"], ["3"], ["4"], ["5"]]
    assert counts.unreadable[0].reason == "torn"


def test_an_inconclusive_video_has_a_score_and_no_label() -> None:
    rows = [video("FAKE", 0.9), video("REAL", 0.1), video("REAL", 0.95, status="inconclusive", predicted=None)]
    found = evaluated(scored_set(*rows))
    assert found.measures["accuracy"].value == 1
    assert found.measures["roc_auc"].value == 0.5
    assert found.confusion.without_label == 1
    assert any("inconclusive" in note for note in found.notes)
    assert evaluated(scored_set(*rows), threshold=0.5).measures["accuracy"].value == pytest.approx(2 / 3)


def test_a_threshold_replaces_the_labels_and_leaves_the_conventions() -> None:
    rows = [video("FAKE", 0.6), video("REAL", 0.6), video("FAKE", **NO_FACE)]
    found = evaluated(scored_set(*rows), threshold=0.6, no_face=NoFace.half)
    assert right(found) == (1, 1, 0, 1)  # 0.6 is not above 0.6; the video without a face stays FAKE
    assert right(evaluated(scored_set(*rows), threshold=0.0)) == (1, 0, 1, 0)


def test_a_threshold_may_keep_a_rate_of_false_alarms() -> None:
    rows = [video("REAL", number / 10) for number in range(10)] + [video("FAKE", 0.85), video("FAKE", 0.75)]
    found = evaluated(scored_set(*rows), threshold=FprTarget(fpr=0.1))
    assert (found.threshold, found.threshold_target) == (0.8, 0.1)
    assert right(found) == (1, 1, 1, 9)
    assert any("chosen on the real videos" in note for note in found.notes)
    with pytest.raises(ConfigError, match=r"^set: .*fpr=0\.1 needs the scores of real videos.*give a number"):
        evaluated(scored_set(video("FAKE", 0.9), video("REAL", **NO_FACE)), threshold=FprTarget(fpr=0.1))


@pytest.mark.parametrize("options", [{}, {"threshold": 0.5}, {"no_face": NoFace.half}])
def test_an_untrained_set_has_no_labels_whatever_is_asked(options: dict[str, object]) -> None:
    rows = [video("FAKE", 0.9, predicted=None, faces=(0.9,)), video("REAL", 0.1, predicted=None, faces=(0.1,))]
    found = evaluated(scored_set(*rows, video("FAKE", **NO_FACE), trained=False), **options)
    assert found.measures["accuracy"].why_not == "no labels were given"
    assert found.face_measures["accuracy"].why_not == "no labels were given"
    assert found.measures["roc_auc"].value is not None
    assert any("untrained" in note for note in found.notes)


def test_faces_are_measured_where_they_are_known() -> None:
    rows = [video("FAKE", 0.9, faces=(0.9, 0.4)), video("REAL", 0.1, faces=(0.2,)), video("REAL", 0.3)]
    found = evaluated(scored_set(*rows))
    assert found.faces == 3
    assert found.face_measures["accuracy"].value == pytest.approx(2 / 3)
    assert evaluated(scored_set(*rows), threshold=0.3).face_measures["accuracy"].value == 1
    assert found.face_measures["real_accuracy"].value == 1
    assert evaluated(scored_set(*rows), threshold=0.0).face_measures["real_accuracy"].value == 0
    assert evaluated(scored_set(video("FAKE", 0.9))).face_measures == {}


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [video("FAKE", 0.9)],
        [video("REAL", 0.1), video("REAL", 0.2)],
        [video("FAKE", 0.5), video("REAL", 0.5)],
        [video(None, 0.9)],
        [video("FAKE", **NO_FACE)],
        [video("FAKE", 0.5) for _ in range(30)],
    ],
    ids=["none", "one", "one class", "constant", "unknown", "no answer", "many fakes"],
)
def test_a_poor_set_has_reasons_instead_of_numbers(rows: list[object]) -> None:
    found = evaluated(ScoredSet.model_validate({"name": "poor", "trained": None, "rows": rows}))
    assert found.measures.keys() == MEASURES.keys()
    for measure in found.measures.values():
        assert (measure.value is None) == (measure.why_not is not None)
    assert Evaluation.model_validate_json(found.model_dump_json()) == found


def test_an_evaluation_is_json_both_ways() -> None:
    found = evaluated(scored_set(*many(groups={"a": "b"}, faces=(0.4, 0.6))))
    assert Evaluation.model_validate_json(found.model_dump_json()) == found


def test_an_answer_without_a_score_is_refused() -> None:
    with pytest.raises(DatasetError, match=r"set: video 1 \(a.mp4\) has the status 'ok' and no score; give it one"):
        evaluated(scored_set(video("FAKE", 0.9), video("FAKE")))


def test_sets_are_compared_by_position_where_their_names_agree() -> None:
    one = scored_set(*(row.model_copy(update={"name": "same"}) for row in many()))
    other = scored_set(*(row.model_copy(update={"name": "same"}) for row in many(seed=1)))
    found = compare_sets(one, other, EvaluationOptions(resampling=FEW))
    assert (found.videos, found.notes) == (40, ())
    for name in ("accuracy", "roc_auc", "f1"):
        values = [evaluated(each).measures[name].value for each in (one, other)]
        assert None not in values
        assert found.differences[name].value == pytest.approx((values[0] or 0) - (values[1] or 0))
        assert found.differences[name].low is not None


def test_sets_are_compared_by_unique_name_else() -> None:
    one, other = many(40), [*reversed(many(40, seed=1))][:35]
    twice = video("FAKE", 0.9, name=one[-1].name)
    found = compare_sets(scored_set(*one), scored_set(*other, twice), EvaluationOptions(resampling=FEW))
    assert found.videos == 34
    assert found.notes == ("of 40 and 36 videos, 34 are the same by name",)


def test_videos_that_do_not_count_in_both_sets_are_left_out_and_noted() -> None:
    one, other = many(40), many(40, seed=1)
    one[3] = video("FAKE", name=one[3].name, **NO_FACE)
    other[4] = other[4].model_copy(update={"truth": "FAKE"})
    found = compare_sets(scored_set(*one), scored_set(*other), EvaluationOptions(resampling=FEW))
    assert found.videos == 38
    assert len(found.notes) == 2
    nothing = compare_sets(scored_set(), scored_set(), EvaluationOptions(resampling=FEW))
    assert nothing.differences["accuracy"].value is None
