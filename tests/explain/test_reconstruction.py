from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from torch import Tensor

from genconvit.core.input_spec import InputSpec
from genconvit.explain.explainer import heat_maps_of_batch
from genconvit.models.base import ModelOutput
from genconvit.models.original import Original, OriginalConfig
from genconvit.models.v2 import V2, V2Config

from .spot import Faces, Spot, SpotConfig, face, faces


class Redrawn(Spot):
    """Draws faces again, darker by a fifth of the range in one square; and once more, at half the size."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        super().__init__(SpotConfig())
        self.input_spec = InputSpec(size=32, mean=(0.1, 0.2, 0.3), std=(0.5, 0.25, 0.125))
        self.weights = weights

    def forward(self, faces: Tensor) -> ModelOutput:
        std = torch.tensor(self.input_spec.std).view(3, 1, 1)
        drawn = faces.clone()
        drawn[..., 8:16, 24:32] -= 0.2 / std
        small = faces[..., ::2, ::2] + 0.3 / std
        return ModelOutput(super().forward(faces).logits, {"large": drawn, "small": small})

    def reconstruction_weights(self) -> Mapping[str, float]:
        return self.weights


def errors(model: Spot, crops: Faces) -> Mapping[str, np.ndarray]:
    (maps,) = heat_maps_of_batch(model.eval().requires_grad_(False), torch.from_numpy(crops), "fake")
    return {branch: each.raw for branch, each in maps.reconstruction_error.items()}


def test_it_is_the_difference_as_a_share_of_the_pixels_range() -> None:
    found = errors(Redrawn({"large": 1.0, "small": 0.5}), faces(face()))
    assert found.keys() == {"large", "small"}
    expected = np.zeros((32, 32), np.float32)
    expected[8:16, 24:32] = 0.2
    np.testing.assert_allclose(found["large"], expected, atol=1e-6)
    np.testing.assert_allclose(found["small"], np.full((32, 32), 0.3), atol=1e-6)


def test_a_branch_that_does_not_learn_to_draw_has_none() -> None:
    assert errors(Redrawn({"large": 0.0}), faces(face())) == {}
    assert errors(Redrawn({"small": 1.0}), faces(face())).keys() == {"small"}


@pytest.mark.parametrize(
    ("model", "branches"),
    [
        (OriginalConfig(size="nano", image_size=64), {"vae"}),
        (OriginalConfig(size="nano", image_size=64, mode="ed"), set()),
        (V2Config(size="nano", image_size=64), {"ed", "vae"}),
        (V2Config(size="nano", image_size=64, ed_linear_end=False), {"vae"}),
    ],
    ids=["original", "original-ed", "v2", "v2-as-the-original"],
)
def test_which_branches_of_the_family_have_one(model: OriginalConfig | V2Config, branches: set[str]) -> None:
    torch.manual_seed(0)
    built: Original | V2 = model.build()
    crops = torch.randint(0, 256, (1, 64, 64, 3), dtype=torch.uint8)
    (maps,) = heat_maps_of_batch(built.eval().requires_grad_(False), crops, "fake")
    assert maps.reconstruction_error.keys() == branches
    assert {each.raw.shape for each in maps.reconstruction_error.values()} <= {(64, 64)}
