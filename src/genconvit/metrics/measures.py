"""Named measures of scores and labels against the truth; fake is the positive class.

scikit-learn computes the ROC curve and the area below it, the confusion matrix, average precision, log loss and the
Brier score; the others are read off the first and the third. It has no expected calibration error, so that is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from genconvit.core.optional import require

FAKE, REAL, NO_LABEL = 1, 0, -1
"""Codes of a predicted label."""

CALIBRATION_BINS = 15
NO_LABELS = "no labels were given"
NO_ROWS = "there are no rows with a known truth"
NO_FAKES = "there are no fakes"
NO_REALS = "there are no reals"

Value = float | str
"""A number, or the reason why there is none."""


@dataclass(frozen=True)
class Kind:
    """Properties of a measure.

    Attributes:
        title: title for people.
        basis: ``labels`` for what the predicted labels decide, ``scores`` for what the scores decide.
        percent: true where people read it as a percentage.
        better: direction in which values are better.
    """

    title: str
    basis: Literal["labels", "scores"]
    percent: bool = False
    better: Literal["high", "low"] = "high"


MEASURES: dict[str, Kind] = {
    "accuracy": Kind("accuracy", "labels", percent=True),
    "roc_auc": Kind("ROC AUC", "scores"),
    "f1": Kind("F1", "labels"),
    "real_accuracy": Kind("real accuracy", "labels", percent=True),
    "fake_accuracy": Kind("fake accuracy", "labels", percent=True),
    "balanced_accuracy": Kind("balanced accuracy", "labels", percent=True),
    "precision": Kind("precision", "labels"),
    "recall": Kind("recall", "labels"),
    "average_precision": Kind("average precision", "scores"),
    "eer": Kind("EER", "scores", percent=True, better="low"),
    "tpr_at_fpr_0.01": Kind("TPR at 1 % FPR", "scores", percent=True),
    "tpr_at_fpr_0.001": Kind("TPR at 0.1 % FPR", "scores", percent=True),
    "log_loss": Kind("log loss", "scores", better="low"),
    "brier_score": Kind("Brier score", "scores", better="low"),
    "calibration_error": Kind("expected calibration error", "scores", better="low"),
}
"""Every measure, in the order in which tables show them."""

OF_CURVE = ("roc_auc", "average_precision", "eer", "tpr_at_fpr_0.01", "tpr_at_fpr_0.001")
OF_DISTANCE = ("log_loss", "brier_score", "calibration_error")
"""The measures that the ROC curve decides, and those of the distance between scores and truth."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows that measures are computed from: videos, or the faces of videos.

    Attributes:
        truth: bool [n], True for fake.
        scores: float64 [n], of being fake, in [0, 1].
        predicted: int8 [n], 1 for FAKE, 0 for REAL, -1 for no label.
        clusters: int64 [n], the number of the video that a row belongs to, counted from 0, ascending without a gap.
    """

    truth: npt.NDArray[np.bool_]
    scores: npt.NDArray[np.float64]
    predicted: npt.NDArray[np.int8]
    clusters: npt.NDArray[np.int64]

    @property
    def videos(self) -> int:
        """Number of videos that the rows belong to."""
        return int(self.clusters[-1]) + 1 if len(self.clusters) else 0


def measure_values(sample: Sample) -> dict[str, Value]:
    """Every measure of ``MEASURES``: a number, or the reason why it is not defined. Never NaN.

    Raises:
        ConfigError: scikit-learn is not installed.
    """
    require("sklearn", package="scikit-learn", extra="metrics", purpose="a measure")
    found = {**_of_labels(sample), **_of_scores(sample)}
    return {name: found[name] for name in MEASURES}


def _of_labels(sample: Sample) -> dict[str, Value]:
    from sklearn.metrics import confusion_matrix

    labelled = sample.predicted != NO_LABEL
    if not labelled.any():
        return from_confusion(0, 0, 0, 0, empty=not len(labelled))
    matrix = confusion_matrix(sample.truth[labelled].astype(np.int8), sample.predicted[labelled], labels=[REAL, FAKE])
    (true_real, false_fake), (false_real, true_fake) = matrix.tolist()
    return from_confusion(true_fake, false_fake, true_real, false_real)


def _of_scores(sample: Sample) -> dict[str, Value]:
    from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score, roc_curve

    truth, scores = sample.truth.astype(np.int8), sample.scores
    refusal = why_no_curve(int(truth.sum()), int((1 - truth).sum()), len(np.unique(scores)))
    if refusal:
        found: dict[str, Value] = dict.fromkeys(OF_CURVE, refusal)
    else:
        fpr, tpr, _ = roc_curve(truth, scores, drop_intermediate=False)
        found = from_curve(fpr, tpr, int(truth.sum()), int((1 - truth).sum()))
        found["roc_auc"] = float(roc_auc_score(truth, scores))
        found["average_precision"] = float(average_precision_score(truth, scores))
    if not len(truth):
        return {**found, **dict.fromkeys(OF_DISTANCE, NO_ROWS)}
    return {
        **found,
        "log_loss": float(log_loss(truth, scores, labels=[REAL, FAKE])),
        "brier_score": float(brier_score_loss(truth, scores, pos_label=FAKE)),
        "calibration_error": calibration_error(sample.truth, scores),
    }


def from_confusion(
    true_fake: float, false_fake: float, true_real: float, false_real: float, *, empty: bool = False
) -> dict[str, Value]:
    """Compute the measures that the counts of right and wrong labels decide.

    Args:
        true_fake: fakes called FAKE.
        false_fake: reals called FAKE.
        true_real: reals called REAL.
        false_real: fakes called REAL.
        empty: true where there are no rows at all, rather than none with a label.
    """
    fakes, reals = true_fake + false_real, true_real + false_fake
    if not fakes + reals:
        names = [name for name, kind in MEASURES.items() if kind.basis == "labels"]
        return dict.fromkeys(names, NO_ROWS if empty else NO_LABELS)
    real_accuracy: Value = true_real / reals if reals else NO_REALS
    fake_accuracy: Value = true_fake / fakes if fakes else NO_FAKES
    called = true_fake + false_fake
    precision: Value = true_fake / called if called else "nothing was called FAKE"
    balanced: Value = (true_real / reals + true_fake / fakes) / 2 if reals and fakes else "one class is missing"
    return {
        "accuracy": (true_real + true_fake) / (reals + fakes),
        "real_accuracy": real_accuracy,
        "fake_accuracy": fake_accuracy,
        "balanced_accuracy": balanced,
        "precision": precision if fakes else NO_FAKES,
        "recall": fake_accuracy,
        "f1": 2 * true_fake / (2 * true_fake + false_fake + false_real) if fakes else NO_FAKES,
    }


def why_no_curve(fakes: float, reals: float, levels: int) -> str:
    """Say why there is no ROC curve, or nothing; ``levels`` is the number of different scores."""
    if not fakes + reals:
        return NO_ROWS
    if not (fakes and reals):
        return NO_REALS if fakes else NO_FAKES
    return "every score is the same" if levels == 1 else ""


def from_curve(
    fpr: npt.NDArray[np.float64], tpr: npt.NDArray[np.float64], fakes: float, reals: float
) -> dict[str, Value]:
    """Compute the measures that the ROC curve decides.

    Args:
        fpr: float64 [k], the false positive rate at each threshold, ascending from 0 to 1.
        tpr: float64 [k], the true positive rate.
        fakes: number of fakes.
        reals: number of reals.
    """
    positives = tpr * fakes + fpr * reals
    precision = np.divide(tpr * fakes, positives, out=np.zeros_like(tpr), where=positives > 0)
    return {
        "roc_auc": float((np.diff(fpr) * (tpr[1:] + tpr[:-1])).sum() / 2),
        "average_precision": float((np.diff(tpr) * precision[1:]).sum()),
        "eer": _equal_error_rate(fpr, tpr),
        "tpr_at_fpr_0.01": _tpr_at(0.01, fpr, tpr, reals),
        "tpr_at_fpr_0.001": _tpr_at(0.001, fpr, tpr, reals),
    }


def calibration_error(truth: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64]) -> float:
    """The expected calibration error: how far scores are from the share of fakes among those that have them.

    Scores fall into 15 equal bins over [0, 1], closed on the left, the last on both sides. It is the mean over the
    bins, weighted by their rows, of the distance between the mean score and the share of fakes.

    Args:
        truth: bool [n], True for fake; n > 0.
        scores: float64 [n], in [0, 1].
    """
    excess = np.bincount(calibration_bins(scores), weights=scores - truth)
    return float(np.abs(excess).sum() / len(scores))


def calibration_bins(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """The bin of each score, int64 [n]."""
    return np.minimum((scores * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)


def _equal_error_rate(fpr: npt.NDArray[np.float64], tpr: npt.NDArray[np.float64]) -> float:
    """Find where FPR = 1 - TPR on the curve, with straight lines between its points."""
    excess = fpr + tpr - 1  # from -1 to 1, ascending
    after = int(np.argmax(excess >= 0))
    part = -excess[after - 1] / (excess[after] - excess[after - 1])
    return float(fpr[after - 1] + part * (fpr[after] - fpr[after - 1]))


def _tpr_at(most: float, fpr: npt.NDArray[np.float64], tpr: npt.NDArray[np.float64], reals: float) -> Value:
    needed = round(1 / most)
    if reals < needed:
        return f"it needs {needed} reals"
    return float(tpr[fpr <= most].max())
