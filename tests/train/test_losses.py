from __future__ import annotations

import math

import pytest
import torch

from genconvit.models.base import ModelOutput
from genconvit.train.losses import LossWeights, reconstruction_error, training_loss

FACES = torch.ones(2, 3, 4, 4)
LABELS = torch.tensor([0, 1])


def output(**options: torch.Tensor) -> ModelOutput:
    logits = {"ed": torch.zeros(2, 2), "vae": torch.zeros(2, 2)}
    return ModelOutput(logits=logits, reconstructions=options, kl=torch.tensor(3.0))


def test_each_branch_has_a_cross_entropy_of_its_own() -> None:
    parts = training_loss(output(), FACES, LABELS, LossWeights())
    assert parts.keys() == {"classification"}
    assert float(parts["classification"]) == pytest.approx(2 * math.log(2))


def test_index_0_is_fake() -> None:
    sure = ModelOutput(logits={"one": torch.tensor([[9.0, -9.0], [-9.0, 9.0]])})
    assert float(training_loss(sure, FACES, LABELS, LossWeights())["classification"]) < 1e-6
    assert float(training_loss(sure, FACES, 1 - LABELS, LossWeights())["classification"]) > 17


def test_reconstructions_and_kl_count_by_their_weights() -> None:
    given = output(ed=torch.zeros(2, 3, 4, 4), vae=torch.full((2, 3, 4, 4), 3.0))
    parts = training_loss(given, FACES, LABELS, LossWeights({"ed": 0.0, "vae": 0.5}, kl=0.1))
    assert parts.keys() == {"classification", "reconstruction_vae", "kl"}
    assert float(parts["reconstruction_vae"]) == pytest.approx(0.5 * 4)
    assert float(parts["kl"]) == pytest.approx(0.3)


def test_a_small_reconstruction_is_resized_to_the_face() -> None:
    face = torch.zeros(1, 3, 4, 4)
    face[..., 2:] = 1
    small = torch.zeros(1, 3, 2, 2)
    small[..., 1] = 1
    # Between the pixels' centres it is 0, 1/4, 3/4, 1.
    assert float(reconstruction_error(small, face)) == pytest.approx(2 * 0.25**2 / 4)


def test_smoothing_keeps_a_sure_answer_from_being_free() -> None:
    sure = ModelOutput(logits={"one": torch.tensor([[9.0, -9.0], [-9.0, 9.0]])})
    smoothed = training_loss(sure, FACES, LABELS, LossWeights(label_smoothing=0.1))
    assert float(smoothed["classification"]) == pytest.approx(0.05 * 18, rel=1e-3)


def test_half_precision_is_summed_in_full() -> None:
    rough = ModelOutput(logits={"one": torch.zeros(2, 2, dtype=torch.bfloat16)})
    assert training_loss(rough, FACES, LABELS, LossWeights())["classification"].dtype == torch.float32
