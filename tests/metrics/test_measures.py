from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from genconvit.core.errors import ConfigError
from genconvit.metrics.measures import CALIBRATION_BINS, MEASURES, Sample, calibration_error, measure_values
from genconvit.metrics.weighted import Weighted

LABELS = [name for name, kind in MEASURES.items() if kind.basis == "labels"]
SCORES = [name for name, kind in MEASURES.items() if kind.basis == "scores"]


def sample(truth: Sequence[Any], scores: Sequence[float], predicted: Sequence[int] | None = None) -> Sample:
    """A sample of videos; without labels, FAKE is what lies above one half."""
    given = [score > 0.5 for score in scores] if predicted is None else predicted
    return Sample(
        np.array(truth, np.bool_),
        np.array(scores, np.float64),
        np.array(given, np.int8),
        np.arange(len(truth), dtype=np.int64),
    )


def test_measures_are_those_computed_by_hand() -> None:
    # Fakes at 0.9, 0.8, 0.4 and reals at 0.7, 0.2, 0.1: 2 of 3 fakes are found, 1 of 3 reals is called FAKE.
    values = measure_values(sample([1, 1, 1, 0, 0, 0], [0.9, 0.8, 0.4, 0.7, 0.2, 0.1]))
    loss = -sum(map(math.log, (0.9, 0.8, 0.4, 0.3, 0.8, 0.9))) / 6
    expected = {
        "accuracy": 4 / 6,
        "roc_auc": 8 / 9,  # of 9 pairs, one is the wrong way round
        "f1": 4 / 6,
        "real_accuracy": 2 / 3,
        "fake_accuracy": 2 / 3,
        "balanced_accuracy": 2 / 3,
        "precision": 2 / 3,
        "recall": 2 / 3,
        "average_precision": (1 + 1 + 3 / 4) / 3,
        "eer": 1 / 3,
        "log_loss": loss,
        "brier_score": (0.01 + 0.04 + 0.36 + 0.49 + 0.04 + 0.01) / 6,
        "calibration_error": (0.1 + 0.2 + 0.6 + 0.7 + 0.2 + 0.1) / 6,  # each is alone in its bin
    }
    assert {name: values[name] for name in expected} == pytest.approx(expected)
    assert values["tpr_at_fpr_0.01"] == "it needs 100 reals"
    assert values["tpr_at_fpr_0.001"] == "it needs 1000 reals"


def test_the_equal_error_rate_lies_on_the_line_between_two_points() -> None:
    # The curve goes from (0, 0) by (0, 1/2) to (1, 1): FPR = 1 - TPR at 1/3.
    assert measure_values(sample([1, 1, 0], [0.9, 0.4, 0.4]))["eer"] == pytest.approx(1 / 3)
    # One fake, six of ten reals, the other fake: the curve crosses at (1/2, 1/2) and turns upwards soon after.
    scores = [0.9, 0.3, *(0.8 - number / 100 for number in range(6)), *[0.1] * 4]
    assert measure_values(sample([1, 1, *[0] * 10], scores))["eer"] == pytest.approx(1 / 2)


@pytest.mark.parametrize(("above", "found"), [(0, 1.0), (1, 1.0), (2, 0.5)])
def test_the_true_positive_rate_is_the_highest_within_the_false_positive_rate(above: int, found: float) -> None:
    reals = [0.8] * above + [0.1] * (100 - above)
    values = measure_values(sample([1] * 2 + [0] * 100, [0.9, 0.7, *reals]))
    assert values["tpr_at_fpr_0.01"] == found
    assert values["tpr_at_fpr_0.001"] == "it needs 1000 reals"


@pytest.mark.parametrize(
    ("given", "undefined"),
    [
        (sample([], []), dict.fromkeys(MEASURES, "there are no rows with a known truth")),
        (
            sample([0, 0], [0.1, 0.9]),
            {
                **dict.fromkeys(
                    ["roc_auc", "f1", "fake_accuracy", "precision", "recall", "average_precision", "eer"],
                    "there are no fakes",
                ),
                **dict.fromkeys(["tpr_at_fpr_0.01", "tpr_at_fpr_0.001"], "there are no fakes"),
                "balanced_accuracy": "one class is missing",
            },
        ),
        (
            sample([1, 1], [0.1, 0.9]),
            {
                **dict.fromkeys(["roc_auc", "real_accuracy", "average_precision", "eer"], "there are no reals"),
                **dict.fromkeys(["tpr_at_fpr_0.01", "tpr_at_fpr_0.001"], "there are no reals"),
                "balanced_accuracy": "one class is missing",
            },
        ),
        (
            sample([1, 0], [0.3, 0.3]),
            {
                **dict.fromkeys(["roc_auc", "average_precision", "eer"], "every score is the same"),
                **dict.fromkeys(["tpr_at_fpr_0.01", "tpr_at_fpr_0.001"], "every score is the same"),
                "precision": "nothing was called FAKE",
            },
        ),
        (
            sample([1, 0], [0.9, 0.1]),
            {"tpr_at_fpr_0.01": "it needs 100 reals", "tpr_at_fpr_0.001": "it needs 1000 reals"},
        ),
    ],
    ids=["nothing", "only reals", "only fakes", "constant", "two"],
)
def test_what_is_not_defined_says_why(given: Sample, undefined: dict[str, str]) -> None:
    values = measure_values(given)
    assert {name: value for name, value in values.items() if isinstance(value, str)} == undefined
    assert all(math.isfinite(value) for value in values.values() if not isinstance(value, str))


def test_without_labels_scores_are_measured_alone() -> None:
    values = measure_values(sample([1, 0, 1], [0.9, 0.1, 0.8], [-1, -1, -1]))
    assert {values[name] for name in LABELS} == {"no labels were given"}
    assert values["roc_auc"] == 1


def test_rows_without_a_label_count_in_measures_of_scores_only() -> None:
    values = measure_values(sample([1, 0, 1, 0], [0.9, 0.1, 0.4, 0.6], [1, 0, -1, -1]))
    assert values["accuracy"] == 1
    assert values["roc_auc"] == 3 / 4


def test_scores_of_zero_and_one_have_a_finite_loss() -> None:
    values = measure_values(sample([1, 0], [0.0, 1.0]))
    assert values["log_loss"] == pytest.approx(-math.log(np.finfo(float).eps))
    assert values["calibration_error"] == 1


def test_the_calibration_error_weighs_bins_by_their_rows() -> None:
    scores = np.array([0.01, 0.03, 0.05, 1.0])  # the first bin ends at 1/15
    assert calibration_error(np.array([True, False, False, True]), scores) == pytest.approx(abs(0.09 - 1) / 4)
    edges = np.arange(CALIBRATION_BINS) / CALIBRATION_BINS
    assert calibration_error(np.zeros(CALIBRATION_BINS, np.bool_), edges) == pytest.approx(edges.mean())


@pytest.mark.parametrize("levels", [3, 20, 10**6], ids=["ties", "some ties", "no ties"])
def test_weights_count_as_repetitions_do(levels: int) -> None:
    random = np.random.default_rng(levels)
    for count in (2, 12, 40, 1300):
        rows = sample(
            (random.random(count) < 0.4).tolist(),
            (np.round(random.random(count) * levels) / levels).tolist(),
            random.integers(-1, 2, count).tolist(),
        )
        weights = random.integers(0, 4, count)
        weights[0] += 1
        repeated = np.repeat(np.arange(count), weights)
        same = sample(rows.truth[repeated].tolist(), rows.scores[repeated].tolist(), rows.predicted[repeated].tolist())
        expected, found = measure_values(same), Weighted(rows).values(weights.astype(np.float64))
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            assert found[name] == (value if isinstance(value, str) else pytest.approx(value, abs=1e-12)), name


def test_without_scikit_learn_the_way_to_get_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sklearn", None)
    with pytest.raises(ConfigError, match=r"a measure needs scikit-learn.*pip install 'genconvit\[metrics\]'"):
        measure_values(sample([1, 0], [0.9, 0.1]))
