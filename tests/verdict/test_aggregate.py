"""Logits become a score by the original's rule."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
import torch

from genconvit.core.errors import ConfigError, WeightsError
from genconvit.core.fake_probability import face_fake_probability, sigmoids
from genconvit.core.fake_probability import sigmoid as sigmoid_of
from genconvit.results.result import PersonRule
from genconvit.verdict.aggregate import PersonScore, VideoScore, persons_score, video_score

Logits = dict[str, torch.Tensor]
LOGITS = {"ed": torch.tensor([[2.0, -1.0], [0.5, 0.0]]), "vae": torch.tensor([[1.0, 1.0], [-3.0, 2.0]])}


def arrays(logits: Logits) -> dict[str, npt.NDArray[np.float32]]:
    return {branch: values.numpy() for branch, values in logits.items()}


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_a_video_is_the_mean_of_the_sigmoids_over_faces_and_branches() -> None:
    score = video_score(arrays(LOGITS))
    assert score.p_fake == pytest.approx(np.mean([sigmoid(x) for x in (2.0, 0.5, 1.0, -3.0)]), abs=1e-7)
    assert score.p_real == pytest.approx(np.mean([sigmoid(x) for x in (-1.0, 0.0, 1.0, 2.0)]), abs=1e-7)


def test_a_face_is_the_mean_over_branches() -> None:
    first = (sigmoid(2) + 1 - sigmoid(-1) + sigmoid(1) + 1 - sigmoid(1)) / 4
    assert face_fake_probability(arrays(LOGITS))[0].item() == pytest.approx(first, abs=1e-6)


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
        video_score(arrays(bad))
    with pytest.raises(WeightsError, match="not finite"):
        face_fake_probability(arrays(bad))


def test_no_face_has_no_score() -> None:
    with pytest.raises(ValueError, match="at least one face"):
        video_score({"ed": np.empty((0, 2), np.float32)})


def random_logits(generator: torch.Generator, faces: int, branches: int = 2) -> Logits:
    return {name: 3 * torch.randn(faces, 2, generator=generator) for name in ("ed", "vae")[:branches]}


def test_without_a_rule_a_score_is_the_mean_to_the_last_bit() -> None:
    generator = torch.Generator().manual_seed(0)
    for faces in (1, 2, 3, 15, 31, 64, 500):
        for branches in (1, 2):
            logits = random_logits(generator, faces, branches)
            score = video_score(arrays(logits))
            plain = sigmoids(arrays(logits)).mean(axis=(0, 1), dtype=np.float64).tolist()
            assert score == video_score(arrays(logits), "mean") == VideoScore(*plain)
            pytorchs = torch.sigmoid(torch.stack(list(logits.values()))).double().mean(dim=(0, 1)).tolist()
            assert (score.p_fake, score.p_real) == pytest.approx(pytorchs, abs=6e-8)


def test_a_sigmoid_is_the_nearest_float_and_pytorchs_is_near() -> None:
    logits = np.concatenate([np.linspace(-110, 110, 20001), [-1e30, 1e30, 0.0]]).astype(np.float32)
    found = sigmoid_of(logits)
    exact = np.array([sigmoid(x) if x > -700 else 0.0 for x in logits.tolist()])
    assert (np.abs(found - exact) <= np.spacing(found)).all()
    assert (np.diff(found[:20001]) >= 0).all()
    usual = np.abs(logits) <= 80  # beyond that PyTorch's lose what is left of them
    theirs = torch.sigmoid(torch.from_numpy(logits[usual])).numpy()
    assert (np.abs(found[usual] - theirs) <= 2 * np.spacing(found[usual])).all()


@pytest.mark.parametrize("rule", ["median", "top1", "top4", "confident"])
def test_a_rules_score_is_the_mean_over_the_faces_it_selects(rule: str) -> None:
    generator = torch.Generator().manual_seed(1)
    for faces in (1, 2, 9, 40):
        logits = {
            branch: values + torch.tensor([3.0, -3.0]) for branch, values in random_logits(generator, faces).items()
        }
        probability = torch.from_numpy(face_fake_probability(arrays(logits)))
        ascending = probability.argsort(stable=True)
        fake = (probability > 0.8).nonzero()[:, 0]
        rows = {
            "median": ascending[(faces - 1) // 2 : faces // 2 + 1],
            "top1": ascending[-1:],
            "top4": ascending[-4:],
            "confident": fake if len(fake) > 11 else ascending,
        }[rule]
        assert (len(fake) > 11) == (faces == 40)
        score = video_score(arrays(logits), rule)
        selected = video_score({branch: values[rows.numpy()] for branch, values in arrays(logits).items()})
        assert (score.p_fake, score.p_real) == pytest.approx((selected.p_fake, selected.p_real))
        assert score.fake_probability == pytest.approx(probability[rows].double().mean().item(), abs=1e-6)


def test_an_unknown_rule_is_an_error() -> None:
    with pytest.raises(ConfigError, match="did you mean 'median'"):
        video_score(arrays(LOGITS), "medain")


def person(p_fake: float, p_real: float, faces: int = 5, mean_area_px: float = 100) -> PersonScore:
    return PersonScore(VideoScore(p_fake, p_real), faces, mean_area_px)


CALM, WILD, NEAR = person(0.2, 0.7), person(0.9, 0.3), person(0.5, 0.6, faces=2, mean_area_px=400)


@pytest.mark.parametrize(
    ("persons", "rule", "score"),
    [
        ([CALM], "max", CALM.score),
        ([CALM], "largest", CALM.score),
        ([CALM, WILD, NEAR], "max", WILD.score),
        ([CALM, WILD, NEAR], "largest", NEAR.score),
        ([CALM, WILD], "largest", CALM.score),
        ([CALM, person(0.9, 0.3, faces=6)], "largest", WILD.score),
        ([person(0.9, 0.8), person(0.5, 0.1)], "max", VideoScore(0.5, 0.1)),
    ],
)
def test_one_person_stands_for_the_video(persons: list[PersonScore], rule: PersonRule, score: VideoScore) -> None:
    assert persons_score(persons, rule) == score


def test_the_mean_of_persons_weighs_each_once() -> None:
    score = persons_score([CALM, WILD, NEAR], "mean")
    assert (score.p_fake, score.p_real) == pytest.approx((1.6 / 3, 1.6 / 3))
    assert persons_score([NEAR], "mean") == NEAR.score


def test_a_score_of_persons_needs_one_and_a_rule_that_knows_them() -> None:
    with pytest.raises(ValueError, match="from 0 persons"):
        persons_score([], "max")
    with pytest.raises(ValueError, match="'pool' from 1 persons; give max, mean or largest"):
        persons_score([CALM], "pool")
