"""The reference's own result files give the figures that are published from them, to every digit."""

from __future__ import annotations

import functools

import pytest

from genconvit.evaluation.conventions import EvaluationOptions
from genconvit.evaluation.evaluation import Evaluation, evaluate
from genconvit.evaluation.results_file import read_results
from genconvit.evaluation.scored import ScoredSet
from genconvit.evaluation.tables import number
from genconvit.metrics.intervals import Resampling
from scored import scored_set
from support import shared

FIGURES = {
    "DFDC": (400, 323, "98.500 %", "0.9994", "0.9907", "98.701 %", "98.452 %"),
    "FF++": (407, 203, "97.052 %", "0.9960", "0.9709", "95.588 %", "98.522 %"),
    "DeepfakeTIMIT": (1983, 640, "97.025 %", "0.9970", "0.9553", "96.351 %", "98.438 %"),
    "Celeb-DF": (1182, 592, "90.948 %", "0.9814", "0.9162", "83.051 %", "98.818 %"),
}
NAMES = ("accuracy", "roc_auc", "f1", "real_accuracy", "fake_accuracy")
OPTIONS = EvaluationOptions(resampling=Resampling(resamples=20))


@functools.cache
def published(name: str) -> tuple[ScoredSet, Evaluation]:
    scored = read_results(shared("results", f"published_{name}.json"))
    return scored, evaluate(scored, OPTIONS)


@pytest.mark.parametrize("file", FIGURES)
def test_videos_and_fakes_are_as_published(file: str) -> None:
    counts = published(file)[1].counts
    assert (counts.videos, counts.fakes, counts.reals) == (*FIGURES[file][:2], FIGURES[file][0] - FIGURES[file][1])
    assert counts.measured == counts.videos


@pytest.mark.parametrize("place", range(len(NAMES)), ids=NAMES)
@pytest.mark.parametrize("file", FIGURES)
def test_a_figure_is_as_published(file: str, place: int) -> None:
    measure = published(file)[1].measures[NAMES[place]]
    assert measure.value is not None
    assert number(NAMES[place], measure.value) == FIGURES[file][2 + place]
    assert measure.low is not None
    assert measure.high is not None
    assert measure.low <= measure.value <= measure.high


def test_without_its_rows_of_one_half_dfdc_is_a_little_better() -> None:
    rows = [row for row in published("DFDC")[0].rows if row.score != 0.5]
    assert len(rows) == 400 - 19
    accuracy = evaluate(scored_set(*rows), OPTIONS).measures["accuracy"]
    assert accuracy.value is not None
    assert number("accuracy", accuracy.value) == "98.688 %"


def test_names_that_occur_twice_keep_their_rows() -> None:
    scored, evaluation = published("DeepfakeTIMIT")
    assert len({row.name for row in scored.rows}) == 1983 - 320
    assert "320 names occur more than once; rows are told apart by their position" in evaluation.notes


def test_each_method_is_held_against_all_reals() -> None:
    groups = {tuple(each.group.items()): each for each in published("FF++")[1].groups}
    assert {key: (each.videos, each.fakes) for key, each in groups.items()} == {
        (("class", "deepfakes"),): (307, 103),
        (("class", "face2face"),): (254, 50),
        (("class", "neuraltextures"),): (254, 50),
    }


def test_a_class_that_is_a_list_is_one_group() -> None:
    (group,) = published("Celeb-DF")[1].groups
    assert (group.group, group.videos, group.fakes) == ({"class": "Celeb-synthesis"}, 1182, 592)
