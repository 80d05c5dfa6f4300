"""A threshold is a number, or what keeps a false positive rate."""

from __future__ import annotations

import numpy as np
import pytest

from genconvit.core.errors import ConfigError
from genconvit.verdict.threshold import FprTarget, parse_threshold, threshold_for_fpr


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("1", 1),
        ("0.5", 0.5),
        (".25", 0.25),
        ("1e-3", 0.001),
        ("fpr=0", FprTarget(fpr=0)),
        ("fpr=0.01", FprTarget(fpr=0.01)),
        ("fpr=1e-3", FprTarget(fpr=0.001)),
    ],
)
def test_a_threshold_is_a_number_or_a_rate(text: str, value: object) -> None:
    assert parse_threshold(text) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "nan", "inf", "-0.1", "1.01", "50%", "fpr=", "fpr=1", "fpr=nan", "fpr=-0.1", "FPR=0.1", " 0.5", "0.5\n"),
        *("0,5", "tpr=0.9", "fpr=fpr=0.1", "1_0", "\uff11", "1e999", "9" * 30),
    ],
)
def test_nothing_else_is_a_threshold(text: str) -> None:
    with pytest.raises(ConfigError, match=r"is neither a number from 0 to 1 nor fpr=X.*give for example 0\.5"):
        parse_threshold(text)


@pytest.mark.parametrize(
    ("scores", "fpr", "threshold"),
    [
        ([0.3], 0, 0.3),
        ([0.3], 0.99, 0.3),
        ([0.4, 0.1, 0.3, 0.2], 0, 0.4),
        ([0.4, 0.1, 0.3, 0.2], 0.24, 0.4),
        ([0.4, 0.1, 0.3, 0.2], 0.25, 0.3),
        ([0.4, 0.1, 0.3, 0.2], 0.75, 0.1),
        ([0.5, 0.5, 0.5, 0.1], 0.25, 0.5),
        ([0.5, 0.5, 0.5, 0.1], 0.75, 0.1),
        ([number / 100 for number in range(100)], 0.29, 0.7),
    ],
)
def test_the_threshold_keeps_the_rate(scores: list[float], fpr: float, threshold: float) -> None:
    assert threshold_for_fpr(scores, fpr) == threshold


def test_no_smaller_score_keeps_the_rate() -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        scores = np.round(random.random(random.integers(1, 50)), 1)
        fpr = float(random.choice([0, 0.01, 0.1, 0.3, 0.9]))
        threshold = threshold_for_fpr(scores.tolist(), fpr)
        assert np.mean(scores > threshold) <= fpr
        assert all(np.mean(scores > lower) > fpr for lower in scores[scores < threshold])


def test_there_must_be_real_videos() -> None:
    with pytest.raises(ConfigError, match=r"fpr=0\.01 needs the scores of real videos, and there are none"):
        threshold_for_fpr([], 0.01)
