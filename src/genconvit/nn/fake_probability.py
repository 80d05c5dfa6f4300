"""Fake probabilities of faces from their logits."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from genconvit.core.errors import WeightsError

FAKE, REAL = 0, 1
NUM_CLASSES = 2
"""Columns of the logits, and how many there are."""


def face_fake_probability(logits: Mapping[str, Tensor]) -> Tensor:
    """Each face's mean over branches of (p_fake + 1 - p_real) / 2.

    Args:
        logits: logits by branch, float [N, 2], fake first.

    Returns:
        float [N].

    Raises:
        WeightsError: a logit is not finite, as damaged weights make it.

    Examples:
        >>> face_fake_probability({"ed": torch.tensor([[0.0, 0.0]])})
        tensor([0.5000])
    """
    return mean_over_branches(sigmoids(logits))


def sigmoids(logits: Mapping[str, Tensor]) -> Tensor:
    """The sigmoids of all logits, float [branches, N, 2].

    Raises:
        WeightsError: a logit is not finite.
    """
    stacked = torch.stack(list(logits.values()))
    if not stacked.isfinite().all():
        bad = [branch for branch, values in logits.items() if not values.isfinite().all()]
        raise WeightsError(
            f"the logits of branch {' and '.join(bad)} are not finite, so they are no score; the weights are damaged "
            "or overflow this precision: check the file's SHA-256, or try precision='fp32'"
        )
    return torch.sigmoid(stacked)


def mean_over_branches(probabilities: Tensor) -> Tensor:
    """Each face's fake probability, float [N], from sigmoids [branches, N, 2]."""
    return (0.5 + (probabilities[..., FAKE] - probabilities[..., REAL]) / 2).mean(dim=0)
