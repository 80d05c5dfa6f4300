"""The band without labels: as narrow as the errors outside of it allow."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.special import expit

from genconvit.core.errors import DatasetError
from genconvit.evaluation.band import choose_band
from genconvit.evaluation.calibrate import Scores, Truth, balancing_weights
from genconvit.verdict.calibration import ProbabilityMap
from genconvit.verdict.decision_rule import DecisionOptions


def drawn(count: int = 3000, seed: int = 0, fakes: float = 0.65) -> tuple[Scores, Truth]:
    random = np.random.default_rng(seed)
    truth = random.random(count) < fakes
    return expit(random.normal(np.where(truth, 1.5, -1.5), 1.6)), truth


def wrong_and_labelled(
    scores: Scores, truth: Truth, band: tuple[float, float], threshold: float = 0.5
) -> tuple[float, float]:
    """The share of the labels outside of a band that is wrong, and how many have one, both classes alike."""
    outside = (scores < band[0]) | (scores > band[1])
    weights = balancing_weights(truth).astype(float)
    weighed = weights[outside]
    share = np.average((scores > threshold)[outside] != truth[outside], weights=weighed) if outside.any() else 0.0
    return float(share), float(weighed.sum() / weights.sum())


def test_at_most_one_of_twenty_labels_outside_is_wrong_and_hardly_fewer() -> None:
    scores, truth = drawn()
    band = choose_band(scores, truth)
    assert band is not None
    wrong, labelled = wrong_and_labelled(scores, truth, band)
    assert 0.045 < wrong <= 0.05
    assert 0.3 < labelled < 0.9
    assert DecisionOptions(inconclusive=band).inconclusive == band


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("threshold", [0.5, 0.35])
def test_no_other_band_labels_more(seed: int, threshold: float) -> None:
    scores, truth = drawn(40, seed)
    scores = scores.round(1)  # many are equal, some are the threshold
    band = choose_band(scores, truth, threshold=threshold, most_wrong=0.1)
    places = [*np.unique(scores), 0.0, threshold, 1.0]
    allowed = [
        labelled
        for pair in product(places, places)
        if pair[0] <= threshold <= pair[1]
        for wrong, labelled in [wrong_and_labelled(scores, truth, pair, threshold)]
        if wrong <= 0.1
    ]
    if band is None:
        assert wrong_and_labelled(scores, truth, (2.0, 2.0), threshold) <= (0.1, 1.0)
        return
    wrong, labelled = wrong_and_labelled(scores, truth, band, threshold)
    assert wrong <= 0.1 + 1e-9
    assert labelled == pytest.approx(max(allowed))


def test_reals_and_fakes_weigh_alike() -> None:
    scores, truth = drawn(seed=2)
    thrice = np.where(truth, 3, 1)
    assert choose_band(np.repeat(scores, thrice), np.repeat(truth, thrice)) == choose_band(scores, truth)


def test_it_holds_for_calibrated_scores_once_its_ends_are_calibrated() -> None:
    scores, truth = drawn(seed=3)
    band = choose_band(scores, truth)
    fitted = ProbabilityMap(method="sigmoid", temperature=1.7, offset=-0.4)
    assert band is not None
    low, high = fitted.apply_all(np.array(band))
    threshold = fitted.apply(0.5)
    assert choose_band(fitted.apply_all(scores), truth, threshold=threshold) == (low, high)


def test_good_scores_need_no_band() -> None:
    assert choose_band(np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True])) is None


def test_where_nothing_is_right_nothing_gets_a_label() -> None:
    scores = np.array([0.1, 0.2, 0.8, 0.9])
    assert choose_band(scores, np.array([True, True, False, False])) == (0.0, 1.0)


def test_one_side_alone_may_be_doubtful() -> None:
    scores = np.array([0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.9, 0.95])
    truth = np.array([False, False, False, False, True, False, True, True])
    assert choose_band(scores, truth) == (0.5, 0.7)


@pytest.mark.parametrize("kind", [True, False])
def test_a_single_class_is_refused(kind: bool) -> None:
    with pytest.raises(DatasetError, match="needs scores of reals and of fakes"):
        choose_band(np.array([0.2, 0.7]), np.full(2, kind))
