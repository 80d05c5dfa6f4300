"""Grad-CAM agrees with captum's, which others wrote."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from genconvit.explain.explainer import heat_maps_of_batch
from genconvit.explain.heat_map import COLUMNS
from genconvit.models.base import Architecture, ModelOutput
from genconvit.models.original import OriginalConfig
from genconvit.models.timm import TimmConfig
from genconvit.models.v2 import V2Config

attr = pytest.importorskip("captum.attr", reason="needs captum (extra dev)")

FURTHEST = 1e-4
"""Most that maps may lie apart, as a share of the largest value."""

CONFIGS = {
    "original": OriginalConfig(size="nano", image_size=64),
    "v2": V2Config(size="nano", image_size=64),
    "timm": TimmConfig(backbone="test_resnet", image_size=64),
}


def built(config: Any) -> Architecture:
    """A network whose every layer acts: with gates that are open, and norms that are not as they were made."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model: Architecture = config.build().eval().requires_grad_(False)
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.add_(torch.randn_like(parameter) / 2)
    return model


def crops_of(model: Architecture) -> Tensor:
    shape = (2, *model.input_spec.shape)
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, shape, np.uint8))


class Logits(nn.Module):
    """A branch's logits, as captum wants them."""

    def __init__(self, model: Architecture, branch: str) -> None:
        super().__init__()
        self.model = model
        self.branch = branch

    def forward(self, images: Tensor) -> Tensor:
        output: ModelOutput = self.model(images)
        return output.logits[self.branch]


@pytest.mark.parametrize("name", CONFIGS)
def test_it_is_captums(name: str) -> None:
    model = built(CONFIGS[name])
    crops = crops_of(model)
    images = model.preprocess(crops)
    layers = model.feature_layers()
    assert layers.keys() == model(images).logits.keys()
    for branch, layer in layers.items():
        method = attr.LayerGradCam(Logits(model, branch), layer.module)
        largest = []
        for target, column in COLUMNS.items():
            theirs = method.attribute(images, target=column, relu_attributions=True).detach()
            large = attr.LayerAttribution.interpolate(theirs, (model.input_size,) * 2, interpolate_mode="bilinear")
            ours = [face.grad_cam[branch] for face in heat_maps_of_batch(model, crops, target)]
            for found, raw, upsampled in zip(ours, theirs, large, strict=True):
                np.testing.assert_allclose(found.raw, raw[0], atol=FURTHEST * found.maximum)
                np.testing.assert_allclose(found.upsampled * found.maximum, upsampled[0], atol=FURTHEST * found.maximum)
            largest += [found.maximum for found in ours]
        assert max(largest) > 0, "maps of zeros would agree with anything"
