"""From logits to a score, by the original's rule."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from genconvit.aggregate import VideoScore, face_fake_probability, video_score
from genconvit.errors import WeightsError

LOGITS = {"ed": torch.tensor([[2.0, -1.0], [0.5, 0.0]]), "vae": torch.tensor([[1.0, 1.0], [-3.0, 2.0]])}


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_a_video_is_the_mean_of_the_sigmoids_over_faces_and_branches() -> None:
    score = video_score(LOGITS)
    assert score.p_fake == pytest.approx(np.mean([sigmoid(x) for x in (2.0, 0.5, 1.0, -3.0)]), abs=1e-7)
    assert score.p_real == pytest.approx(np.mean([sigmoid(x) for x in (-1.0, 0.0, 1.0, 2.0)]), abs=1e-7)


def test_a_face_is_the_mean_over_branches() -> None:
    first = (sigmoid(2) + 1 - sigmoid(-1) + sigmoid(1) + 1 - sigmoid(1)) / 4
    assert face_fake_probability(LOGITS)[0].item() == pytest.approx(first, abs=1e-6)


@pytest.mark.parametrize(
    ("p_fake", "p_real", "label", "probability", "published"),
    [
        (0.9, 0.2, "FAKE", 0.85, 0.9),
        (0.3, 0.8, "REAL", 0.25, 0.2),
        (0.9, 0.95, "REAL", 0.475, 0.05),
        (0.4, 0.4, "REAL", 0.5, 0.6),
        (1.0, 0.0, "FAKE", 1.0, 1.0),
        (0.0, 1.0, "REAL", 0.0, 0.0),
    ],
)
def test_label_probability_and_published_score(
    p_fake: float, p_real: float, label: str, probability: float, published: float
) -> None:
    score = VideoScore(p_fake, p_real)
    assert score.label == label
    assert score.fake_probability == pytest.approx(probability)
    assert score.published_score == pytest.approx(published)


def test_the_probability_is_above_one_half_exactly_where_the_label_is_fake() -> None:
    values = np.random.default_rng(0).random(1000).tolist()
    pairs = [(value, other) for value in values for other in (value, np.nextafter(value, 0), np.nextafter(value, 1))]
    for p_fake, p_real in pairs:
        for score in (VideoScore(p_fake, float(p_real)), VideoScore(float(p_real), p_fake)):
            assert (score.fake_probability > 0.5) == (score.label == "FAKE")


def test_a_score_that_is_not_finite_is_no_score() -> None:
    bad = {"ed": LOGITS["ed"], "vae": torch.tensor([[math.nan, 0.0], [math.inf, 0.0]])}
    with pytest.raises(WeightsError, match="logits of branch vae are not finite"):
        video_score(bad)
    with pytest.raises(WeightsError, match="not finite"):
        face_fake_probability(bad)


def test_no_face_has_no_score() -> None:
    with pytest.raises(ValueError, match="at least one face"):
        video_score({"ed": torch.empty(0, 2)})
