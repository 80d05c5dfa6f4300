"""From logits to probabilities: pure functions, by the original's rule."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from genconvit.errors import WeightsError
from genconvit.result import Label

FAKE, REAL = 0, 1
"""Columns of the logits."""


@dataclass(frozen=True)
class VideoScore:
    """A video's probabilities.

    Attributes:
        p_fake: mean over faces and branches of the sigmoid of the fake logit.
        p_real: the same of the real logit; the two need not add up to 1.
    """

    p_fake: float
    p_real: float

    @property
    def label(self) -> Label:
        """FAKE exactly where p_fake > p_real."""
        return "FAKE" if self.p_fake > self.p_real else "REAL"

    @property
    def fake_probability(self) -> float:
        """(p_fake + 1 - p_real) / 2, above one half exactly where the label is FAKE."""
        probability = 0.5 + (self.p_fake - self.p_real) / 2
        return max(probability, math.nextafter(0.5, 1.0)) if self.label == "FAKE" else probability

    @property
    def published_score(self) -> float:
        """The number that the reference stores: p_fake for FAKE, 1 - p_real for REAL."""
        return self.p_fake if self.label == "FAKE" else 1 - self.p_real


def face_fake_probability(logits: Mapping[str, Tensor]) -> Tensor:
    """Each face's mean over branches of (p_fake + 1 - p_real) / 2.

    Args:
        logits: for each branch float [N, 2], fake first.

    Returns:
        float [N].

    Raises:
        WeightsError: a logit is not finite, as damaged weights make it.

    Examples:
        >>> face_fake_probability({"ed": torch.tensor([[0.0, 0.0]])})
        tensor([0.5000])
    """
    probabilities = _sigmoids(logits)
    return (0.5 + (probabilities[..., FAKE] - probabilities[..., REAL]) / 2).mean(dim=0)


def video_score(logits: Mapping[str, Tensor]) -> VideoScore:
    """The score of a video from the logits of all its faces: mean over faces and branches of the sigmoids.

    Args:
        logits: for each branch float [N, 2] with N >= 1, fake first.

    Raises:
        WeightsError: a logit is not finite.
        ValueError: there is no face.
    """
    probabilities = _sigmoids(logits)
    if probabilities.numel() == 0:
        raise ValueError("a video's score needs at least one face; a video without one has no score")
    p_fake, p_real = probabilities.double().mean(dim=(0, 1)).tolist()
    return VideoScore(p_fake, p_real)


def _sigmoids(logits: Mapping[str, Tensor]) -> Tensor:
    stacked = torch.stack(list(logits.values()))
    if not stacked.isfinite().all():
        bad = [branch for branch, values in logits.items() if not values.isfinite().all()]
        raise WeightsError(
            f"the logits of branch {' and '.join(bad)} are not finite, so they are no score; the weights are damaged "
            "or overflow this precision: check the file's SHA-256, or try precision='fp32'"
        )
    return torch.sigmoid(stacked)
