"""Fake probabilities of faces from their logits."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from genconvit.core.errors import WeightsError
from genconvit.core.types import FloatArray

FAKE, REAL = 0, 1
NUM_CLASSES = 2
"""Columns of the logits, and how many there are."""

_STEEPEST = 700.0
"""Logit beyond which a sigmoid is 0 or 1 in float64, and e to its power no number any more."""


def face_fake_probability(logits: Mapping[str, FloatArray]) -> FloatArray:
    """Each face's mean over branches of (p_fake + 1 - p_real) / 2.

    Args:
        logits: logits by branch, float32 [N, 2], fake first.

    Returns:
        float32 [N].

    Raises:
        WeightsError: a logit is not finite, as damaged weights make it.

    Examples:
        >>> face_fake_probability({"ed": np.array([[0.0, 0.0]], np.float32)})
        array([0.5], dtype=float32)
    """
    return mean_over_branches(sigmoids(logits))


def sigmoids(logits: Mapping[str, FloatArray]) -> FloatArray:
    """The sigmoids of all logits, float32 [branches, N, 2].

    Raises:
        WeightsError: a logit is not finite.
    """
    stacked = np.stack(list(logits.values()))
    if not np.isfinite(stacked).all():
        bad = [branch for branch, values in logits.items() if not np.isfinite(values).all()]
        raise WeightsError(
            f"the logits of branch {' and '.join(bad)} are not finite, so they are no score; the weights are damaged "
            "or overflow this precision: check the file's SHA-256, or try precision='fp32'"
        )
    return sigmoid(stacked)


def sigmoid(logits: FloatArray) -> FloatArray:
    """The sigmoid of logits, float32 of their shape: computed in float64, so that it is the nearest float32.

    PyTorch's own lies at most two such floats away.
    """
    return exact_sigmoid(logits.astype(np.float64)).astype(np.float32)


def exact_sigmoid(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The sigmoid in float64, which does not fall where logits rise; to import SciPy's takes half a second."""
    probabilities: npt.NDArray[np.float64] = 1 / (1 + np.exp(np.clip(-logits, -_STEEPEST, _STEEPEST)))
    return probabilities


def mean_over_branches(probabilities: FloatArray) -> FloatArray:
    """Each face's fake probability, float32 [N], from sigmoids [branches, N, 2]."""
    means: FloatArray = (0.5 + (probabilities[..., FAKE] - probabilities[..., REAL]) / 2).mean(axis=0)
    return means
