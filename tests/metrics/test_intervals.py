from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from genconvit.metrics.intervals import Difference, Measure, Resampling, measures_of, paired_differences
from genconvit.metrics.measures import MEASURES, Sample

FEW = Resampling(resamples=200)


def videos(count: int, seed: int = 0, noise: float = 0.3) -> Sample:
    """Videos of both kinds in turn whose scores are right but for some noise."""
    truth = np.arange(count) % 2 == 1
    scores = np.clip(truth * 0.4 + 0.3 + np.random.default_rng(seed).normal(0, noise, count), 0, 1)
    return Sample(truth, scores, (scores > 0.5).astype(np.int8), np.arange(count, dtype=np.int64))


def as_faces(sample: Sample, counts: npt.NDArray[np.int64]) -> Sample:
    """Each video given some faces, all with its score."""
    return Sample(
        np.repeat(sample.truth, counts),
        np.repeat(sample.scores, counts),
        np.repeat(sample.predicted, counts),
        np.repeat(sample.clusters, counts),
    )


def test_an_interval_holds_its_value_and_narrows_with_more_videos() -> None:
    few, many = (measures_of(videos(count), FEW) for count in (40, 1000))
    for name in ("accuracy", "roc_auc", "f1", "brier_score"):
        for measure in (few[name], many[name]):
            assert measure.value is not None
            assert measure.low is not None
            assert measure.high is not None
            assert measure.low < measure.value < measure.high
    assert width(many["brier_score"]) < width(few["brier_score"]) / 2  # a fifth, but for the luck of the few


def test_an_interval_is_as_wide_as_theory_says() -> None:
    accuracy = measures_of(videos(400), Resampling(resamples=2000))["accuracy"]
    assert accuracy.value is not None
    deviation = (accuracy.value * (1 - accuracy.value) / 400) ** 0.5
    assert width(accuracy) == pytest.approx(2 * 1.96 * deviation, rel=0.1)


def test_a_seed_gives_the_same_interval_every_time_and_another_seed_another() -> None:
    sample = videos(60)
    first, again = measures_of(sample, FEW), measures_of(sample, FEW)
    other = measures_of(sample, Resampling(resamples=200, seed=1))
    assert first == again
    assert first["roc_auc"] != other["roc_auc"]
    assert first["roc_auc"].value == other["roc_auc"].value


def test_faces_are_drawn_by_video() -> None:
    """Ten equal faces a video say no more than one; drawn one by one they would seem to."""
    sample = videos(50)
    alone = measures_of(sample, FEW)["accuracy"]
    tenfold = measures_of(as_faces(sample, np.full(50, 10)), FEW)["accuracy"]
    assert (tenfold.value, tenfold.low, tenfold.high) == pytest.approx((alone.value, alone.low, alone.high))


def test_videos_may_have_different_numbers_of_faces() -> None:
    sample = videos(50)
    counts = 1 + np.arange(50) % 7
    measure = measures_of(as_faces(sample, counts), FEW)["accuracy"]
    right = sample.predicted == sample.truth
    assert measure.value == pytest.approx((right * counts).sum() / counts.sum())
    assert measure.low is not None


@pytest.mark.parametrize(
    ("sample", "resamples", "why"),
    [(videos(9), 200, "an interval needs 10 videos"), (videos(40), 0, "no resamples were asked for")],
)
def test_a_value_without_an_interval_says_why(sample: Sample, resamples: int, why: str) -> None:
    measure = measures_of(sample, Resampling(resamples=resamples))["accuracy"]
    assert measure.value is not None
    assert (measure.low, measure.high, measure.why_no_interval) == (None, None, why)


def test_ten_videos_are_enough_even_as_faces() -> None:
    assert measures_of(videos(10), FEW)["accuracy"].low is not None
    nine = measures_of(as_faces(videos(9), np.full(9, 100)), FEW)["accuracy"]
    assert nine.why_no_interval == "an interval needs 10 videos"


def test_a_measure_that_most_resamples_lack_has_no_interval() -> None:
    sample = videos(40)
    truth = np.zeros(40, np.bool_)
    truth[0] = True  # absent from a third of all resamples
    measures = measures_of(Sample(truth, sample.scores, sample.predicted, sample.clusters), FEW)
    assert measures["roc_auc"].value is not None
    assert measures["roc_auc"].why_no_interval is not None
    assert measures["roc_auc"].why_no_interval.startswith("it is not defined in ")
    assert measures["accuracy"].low is not None


def test_nothing_at_all_has_no_measure() -> None:
    empty = Sample(np.zeros(0, np.bool_), np.zeros(0), np.zeros(0, np.int8), np.zeros(0, np.int64))
    assert all(measure.value is None and measure.why_not for measure in measures_of(empty, FEW).values())


def test_a_measure_is_json_both_ways() -> None:
    for measure in measures_of(videos(40), FEW).values():
        assert Measure.model_validate_json(measure.model_dump_json()) == measure


def test_a_set_does_not_differ_from_itself() -> None:
    differences = paired_differences(videos(40), videos(40), FEW)
    assert differences.keys() == MEASURES.keys()
    assert differences["accuracy"] == Difference(value=0, low=0, high=0, other_side=1)


def test_a_better_set_is_told_from_a_worse_one() -> None:
    good, bad = videos(300, noise=0.1), videos(300, noise=0.5)
    found, reverse = paired_differences(good, bad, FEW)["roc_auc"], paired_differences(bad, good, FEW)["roc_auc"]
    assert found.value is not None
    assert found.low is not None
    assert found.low > 0
    assert found.other_side == 0
    assert reverse.value == -found.value
    assert (reverse.low, reverse.high) == pytest.approx((-(found.high or 0), -found.low))


def test_the_paired_interval_is_narrower_than_the_videos_own_variation() -> None:
    """Both sets err on nearly the same videos, so their difference is surer than either value."""
    one = videos(300)
    predicted = one.predicted.copy()
    predicted[:6] = 1 - predicted[:6]
    other = Sample(one.truth, one.scores, predicted, one.clusters)
    assert width(paired_differences(one, other, FEW)["accuracy"]) < width(measures_of(one, FEW)["accuracy"]) / 2


def test_the_other_side_counts_ties() -> None:
    one = videos(20)
    predicted = one.truth.astype(np.int8)
    wrong = predicted.copy()
    wrong[0] = 1 - wrong[0]  # absent from a third of all resamples, which then tie
    right = Sample(one.truth, one.scores, predicted, one.clusters)
    found = paired_differences(right, Sample(one.truth, one.scores, wrong, one.clusters), FEW)["accuracy"]
    assert found.value == pytest.approx(1 / 20)
    assert found.other_side == pytest.approx((19 / 20) ** 20, abs=0.1)


def test_other_videos_are_refused() -> None:
    with pytest.raises(ValueError, match="must hold the same videos; got 40 and 42"):
        paired_differences(videos(40), videos(42), FEW)


def width(measure: Measure) -> float:
    assert measure.low is not None
    assert measure.high is not None
    return measure.high - measure.low
