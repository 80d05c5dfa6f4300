"""The inconclusive band: which scores are too doubtful for a label."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genconvit.core.errors import DatasetError
from genconvit.evaluation.calibrate import Scores, Truth, balancing_weights
from genconvit.verdict.decision_rule import DEFAULT_THRESHOLD

MOST_WRONG = 1 / 20
_SLACK = 1e-9
"""Most that rounding may add to a sum of weights."""


def choose_band(
    scores: Scores, truth: Truth, *, threshold: float = DEFAULT_THRESHOLD, most_wrong: float = MOST_WRONG
) -> tuple[float, float] | None:
    """The band around the threshold that leaves the fewest without a label, while few labels outside of it are wrong.

    Reals and fakes weigh alike, however many there are, both in what is wrong and in what is left without a label. The
    band holds as well for calibrated scores, once its ends are calibrated, since a calibration turns no order round.

    Args:
        scores: float64 [n], in [0, 1].
        truth: bool [n], True for fake; both occur.
        threshold: FAKE is what lies above it.
        most_wrong: the largest share of the labels outside of the band that may be wrong.

    Returns:
        From which score to which, both included, there is no label; None where no label needs to be left out.

    Raises:
        DatasetError: the scores are all of reals or all of fakes.
    """
    if truth.all() or not truth.any():
        raise DatasetError("an inconclusive band needs scores of reals and of fakes; give both")
    weights = balancing_weights(truth).astype(np.float64)
    excess = weights * ((scores > threshold) != truth) - most_wrong * weights
    slack = _SLACK * weights.sum()
    if excess.sum() <= slack:
        return None
    below, above = scores < threshold, scores > threshold
    low = _Side(scores[below], excess[below], weights[below])
    high = _Side(-scores[above], excess[above], weights[above])
    # For each place where the low side may end, the high side's last that the sum of both allows.
    least_after = np.minimum.accumulate(high.excess[::-1])[::-1]
    last = np.searchsorted(least_after, slack - low.excess, side="right") - 1
    labelled = np.where(last >= 0, low.labelled + high.labelled[last], -1.0)
    best = int(np.argmax(labelled))
    first = low.edge(best, threshold, end=0.0)
    return first, max(-high.edge(int(last[best]), -threshold, end=-1.0), float(np.nextafter(first, 1)))


class _Side:
    """The scores on one side of the threshold, from its far end inwards; those that are equal go together.

    Attributes:
        excess: float64 [m + 1], of the first so many, by how much the weight of the wrong ones is above the allowed.
        labelled: float64 [m + 1], their weight.
    """

    def __init__(self, scores: Scores, excess: Scores, weights: Scores) -> None:
        order = np.argsort(scores, kind="stable")
        ordered = scores[order]
        self._values = np.unique(ordered)
        ends = np.searchsorted(ordered, self._values, side="right")
        self.excess = _sums(excess[order], ends)
        self.labelled = _sums(weights[order], ends)

    def edge(self, outside: int, threshold: float, *, end: float) -> float:
        """Give the score at which the band begins if so many distinct scores lie outside of it.

        Args:
            outside: number of scores outside; with none, it begins where scores do.
            threshold: score at which it begins if all of them do.
            end: score at which scores begin.
        """
        if outside == 0:
            return end
        return float(self._values[outside]) if outside < len(self._values) else threshold


def _sums(values: npt.NDArray[np.float64], ends: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Sum the first ``ends`` values each, float64 [m + 1], beginning with none."""
    return np.concatenate(([0.0], np.cumsum(values)[ends - 1] if len(ends) else []))
