from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from genconvit.core.errors import PluginError, WeightsError
from genconvit.core.input_spec import InputSpec
from genconvit.explain.explainer import heat_maps_of_batch
from genconvit.models.base import Architecture, ModelOutput
from genconvit.nn.feature_layer import FeatureLayer

from .spot import CELLS, Faces, Spot, SpotConfig, colours, face, faces, hottest


def explained(crops: Faces, model: Architecture | None = None, target: Any = "fake") -> Any:
    model = model or Spot(SpotConfig())
    with torch.enable_grad():
        return heat_maps_of_batch(model.eval().requires_grad_(False), torch.from_numpy(crops), target)


def test_heat_is_where_the_evidence_for_the_class_is() -> None:
    crops = faces(face(red=(1, 2), blue=(3, 0)))
    (fake,), (real,) = explained(crops), explained(crops, target="real")
    assert (fake.target, real.target) == ("fake", "real")
    assert hottest(fake.grad_cam["spot"]) == (1, 2)
    assert hottest(real.grad_cam["spot"]) == (3, 0)
    assert np.count_nonzero(fake.grad_cam["spot"].raw) == 1, "and nowhere else"


def test_heat_follows_the_evidence() -> None:
    places = [(row, column) for row in range(CELLS) for column in range(CELLS)]
    maps = explained(faces(*(face(red=place) for place in places)))
    assert [hottest(each.grad_cam["spot"]) for each in maps] == places


def test_its_sum_is_the_logit_that_the_maps_give() -> None:
    model = Spot(SpotConfig())
    (maps,) = explained(faces(face(red=(0, 0), blue=(2, 2))), model)
    crops = torch.from_numpy(faces(face(red=(0, 0))))
    assert maps.grad_cam["spot"].raw.sum() == pytest.approx(float(model(model.preprocess(crops)).logits["spot"][0, 0]))


def test_what_speaks_against_the_class_is_not_shown() -> None:
    model = Spot(SpotConfig())
    with torch.no_grad():
        model.head.weight.copy_(torch.tensor([[4.0, -4.0], [-4.0, 4.0]]))
    (maps,) = explained(faces(face(red=(0, 0), blue=(2, 2))), model)
    assert hottest(maps.grad_cam["spot"]) == (0, 0)
    assert maps.grad_cam["spot"].raw[2, 2] == 0


def test_without_a_gradient_the_map_is_zero() -> None:
    (maps,) = explained(faces(face(red=(0, 0))), Spot(SpotConfig(gain=0)))
    assert maps.grad_cam["spot"].maximum == 0
    assert not maps.grad_cam["spot"].values.any()
    assert maps.fake_probability == 0.5


class OtherLayout(Spot):
    """Gives its maps with channels last, or as tokens behind a class token."""

    def __init__(self, config: SpotConfig, layout: str) -> None:
        super().__init__(config)
        self.layout = layout
        self.arranged = nn.Identity()

    def forward(self, faces: Tensor) -> ModelOutput:
        maps = self.maps(self.patches(faces)).movedim(1, -1)
        if self.layout == "tokens":
            tokens = maps.flatten(1, 2)
            tokens = self.arranged(torch.cat((tokens.mean(dim=1, keepdim=True), tokens), dim=1))
            maps = tokens[:, 1:].reshape(maps.shape)
        else:
            maps = self.arranged(maps)
        return ModelOutput(logits={"spot": self.head(maps.mean(dim=(1, 2)))})

    def feature_layers(self) -> Mapping[str, FeatureLayer]:
        def to_maps(output: Tensor) -> Tensor:
            if self.layout == "tokens":
                output = output[:, 1:].reshape(-1, CELLS, CELLS, 2)
            return output.movedim(-1, 1)

        return {"spot": FeatureLayer(self.arranged, to_maps)}


@pytest.mark.parametrize("layout", ["channels last", "tokens"])
def test_the_layout_of_the_features_does_not_matter(layout: str) -> None:
    crops = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    for expected, found in zip(explained(crops), explained(crops, OtherLayout(SpotConfig(), layout)), strict=True):
        np.testing.assert_allclose(found.grad_cam["spot"].raw, expected.grad_cam["spot"].raw, rtol=1e-5, atol=1e-7)


class Clips(Spot):
    """Sees two faces at a time, each by itself."""

    def __init__(self, config: SpotConfig) -> None:
        super().__init__(config)
        self.input_spec = InputSpec(size=32, frames=2, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
        self.volumes = nn.Conv3d(3, 2, (1, 8, 8), stride=(1, 8, 8), bias=False)
        with torch.no_grad():
            self.volumes.weight.copy_(colours(self.volumes.weight))

    def forward(self, faces: Tensor) -> ModelOutput:
        maps = self.maps(self.volumes(faces.transpose(1, 2)))
        return ModelOutput(logits={"spot": self.head(maps.mean(dim=(2, 3, 4)))})


def test_a_clip_has_a_map_for_each_frame() -> None:
    clip = faces(face(red=(0, 1)), face(red=(2, 3)))
    (maps,) = explained(clip[None], Clips(SpotConfig()))
    found = maps.grad_cam["spot"]
    assert (found.raw.shape, found.grid, found.upsampled.shape) == ((2, 4, 4), (4, 4), (2, 32, 32))
    assert [tuple(np.argwhere(frame)[0]) for frame in found.raw] == [(0, 1), (2, 3)]


class Pair(nn.Module):
    def forward(self, faces: Tensor) -> tuple[Tensor, Tensor]:
        return faces, faces


class Odd(Spot):
    """Has layers that cannot be feature layers, and names one of them."""

    def __init__(self, branch: str, layer: str) -> None:
        super().__init__(SpotConfig())
        self.named = branch, layer
        self.unused, self.twice, self.aside = nn.Identity(), nn.Identity(), nn.Identity()
        self.pair = Pair()

    def forward(self, faces: Tensor) -> ModelOutput:
        self.aside(faces)
        return super().forward(self.pair(self.twice(self.twice(faces)))[0])

    def feature_layers(self) -> Mapping[str, FeatureLayer]:
        branch, layer = self.named
        return {branch: FeatureLayer(self.get_submodule(layer))}


@pytest.mark.parametrize(
    ("branch", "layer", "message"),
    [
        ("spot", "unused", "forward does not reach the feature layer of branch 'spot'"),
        ("spot", "twice", r"calls the feature layer of branch 'spot' \(Identity\) more than once; name one"),
        ("spot", "aside", "the logits of branch 'spot' do not depend on its feature layer"),
        ("spot", "pair", r"feature layer of branch 'spot' \(Pair\) gives a tuple, and no tensor"),
        ("spot", "head", r"gives maps \[1, 2\] for 1 inputs, not \[N, C, h, w\]; name another layer, or bring"),
        ("stop", "maps", "names feature layers of stop, but gives logits of spot; name each layer by its branch"),
    ],
)
def test_a_layer_that_breaks_the_contract_is_refused(branch: str, layer: str, message: str) -> None:
    with pytest.raises(PluginError, match=message):
        explained(faces(face(red=(0, 0))), Odd(branch, layer))


class OfAnotherLength(Clips):
    def forward(self, faces: Tensor) -> ModelOutput:
        return super().forward(faces[:, :1])


def test_a_clip_needs_a_map_for_each_frame() -> None:
    with pytest.raises(PluginError, match=r"gives maps \[1, 2, 1, 4, 4\] for 1 inputs, not \[N, C, 2, h, w\]"):
        explained(faces(face(), face())[None], OfAnotherLength(SpotConfig()))


def test_gradients_that_overflow_give_no_map() -> None:
    damaged = Spot(SpotConfig())
    nn.init.constant_(damaged.head.weight, torch.inf)
    with pytest.raises(WeightsError, match="the logits of branch spot are not finite"):
        explained(faces(face(red=(0, 0))), damaged)
    with pytest.raises(PluginError, match="Grad-CAM of branch 'spot' is not finite"):
        explained(faces(face(red=(0, 0))), Steep(SpotConfig()))


class Steep(Spot):
    """Has an infinite slope where a map is 0, as all blue ones are."""

    def forward(self, faces: Tensor) -> ModelOutput:
        return ModelOutput(logits={"spot": self.head(self.maps(self.patches(faces)).sqrt().mean(dim=(2, 3)))})
