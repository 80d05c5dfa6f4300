"""The measures of a sample whose rows count with weights: what a bootstrap asks a thousand times.

A resample is the same rows, each as often as it was drawn. So scores are sorted and losses computed once, and a
resample costs a few sums: a fortieth of scikit-learn's functions on a few hundred videos, with the same numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genconvit.metrics.measures import (
    NO_LABEL,
    OF_CURVE,
    Sample,
    Value,
    calibration_bins,
    from_confusion,
    from_curve,
    why_no_curve,
)


class Weighted:
    """A sample, made ready for many weightings."""

    def __init__(self, sample: Sample) -> None:
        scores, truth = sample.scores, sample.truth
        self._truth = truth
        self._order = np.argsort(-scores, kind="stable")
        self._fake_in_order = truth[self._order]
        self._ends = np.flatnonzero(np.append(np.diff(scores[self._order]) != 0, True)) if len(scores) else self._order
        self._cell = np.where(sample.predicted == NO_LABEL, 4, 2 * truth + sample.predicted).astype(np.int64)
        likelihood = np.clip(np.where(truth, scores, 1 - scores), np.finfo(np.float64).eps, 1)
        self._log_loss = -np.log(likelihood)
        self._squared = (scores - truth) ** 2
        self._bins, self._excess = calibration_bins(scores), scores - truth

    def values(self, weights: npt.NDArray[np.float64]) -> dict[str, Value]:
        """Compute the values as ``measure_values`` of the rows, each taken as often as its weight says.

        Args:
            weights: float64 [n], whole numbers, of which one is above 0.
        """
        true_real, false_fake, false_real, true_fake, _ = np.bincount(self._cell, weights, minlength=5).tolist()
        total = weights.sum()
        return {
            **from_confusion(true_fake, false_fake, true_real, false_real),
            **self._of_curve(weights),
            "log_loss": float((self._log_loss * weights).sum() / total),
            "brier_score": float((self._squared * weights).sum() / total),
            "calibration_error": float(np.abs(np.bincount(self._bins, self._excess * weights)).sum() / total),
        }

    def _of_curve(self, weights: npt.NDArray[np.float64]) -> dict[str, Value]:
        ordered = weights[self._order]
        true = np.cumsum(ordered * self._fake_in_order)[self._ends]
        both = np.cumsum(ordered)[self._ends]
        fakes, reals = float(true[-1]), float(both[-1] - true[-1])
        refusal = why_no_curve(fakes, reals, int(np.count_nonzero(np.diff(both, prepend=0))))
        if refusal:
            return dict.fromkeys(OF_CURVE, refusal)
        false = np.append(0, both - true)
        return from_curve(false / reals, np.append(0, true) / fakes, fakes, reals)
