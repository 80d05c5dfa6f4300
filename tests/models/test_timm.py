from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from genconvit import ConfigError, Detector
from genconvit.explain.explainer import heat_maps_of_batch
from genconvit.explain.grad_cam import recorded_features
from genconvit.models.timm import Timm, TimmConfig
from genconvit.nn.timm_network import TimmNetwork
from genconvit.results.provenance import WeightsInfo
from genconvit.weights.convert import save_model
from genconvit.weights.load import LoadedModel

SMALL = {"backbone": "test_resnet", "image_size": 64}


def made(**fields: object) -> Timm:
    torch.manual_seed(0)
    return Timm(TimmConfig.model_validate({**SMALL, **fields})).eval()


def on_meta(name: str, image_size: int | None = None) -> Timm:
    with torch.device("meta"):
        return Timm(TimmConfig(backbone=name, image_size=image_size))


def test_its_logits_are_the_networks_own() -> None:
    model = made()
    faces = torch.randn(3, 3, 64, 64)
    with torch.inference_mode():
        output = model(faces)
        assert torch.equal(output.logits["timm"], model.backbone.net(faces))
    assert tuple(output.logits["timm"].shape) == (3, 2)
    assert (dict(output.reconstructions), output.kl) == ({}, None)


def test_it_normalises_as_the_network_does_and_takes_faces_of_other_sizes() -> None:
    white = on_meta("tf_efficientnet_lite0").preprocess(torch.full((1, 2, 2, 3), 255, dtype=torch.uint8))
    assert bool((white == 1).all())
    model = made()
    assert (model.any_size, model.input_size) == (True, 64)
    assert tuple(model(torch.randn(1, 3, 96, 96)).logits["timm"].shape) == (1, 2)


@pytest.mark.parametrize(
    ("name", "image_size", "input_size", "any_size"),
    [
        ("convnext_atto", None, 224, True),
        ("tf_efficientnet_b4", None, 380, True),
        ("test_vit", None, 160, False),
        ("test_vit", 64, 64, False),
        ("test_resnet", 100, 100, True),
    ],
)
def test_it_takes_any_network_at_its_own_size_or_another(
    name: str, image_size: int | None, input_size: int, any_size: bool
) -> None:
    model = on_meta(name, image_size)
    assert (model.input_size, model.any_size) == (input_size, any_size)
    with torch.device("meta"):
        output = model(torch.zeros(2, 3, input_size, input_size))
    assert tuple(output.logits["timm"].shape) == (2, 2)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"backbone": "resnet81"}, r"'resnet81' is no network of timm's \(did you mean 'resnet"),
        (
            {"backbone": "test_vit", "image_size": 33},
            "cannot be used with image_size=33 .*no image of 33 x 33",
        ),
        ({"backbone": "test_resnet", "image_size": 8}, "greater than or equal to 16"),
        ({"image_size": 2000}, "less than or equal to 1024"),
        ({"mode": "ed"}, "'timm'"),
    ],
)
def test_a_wrong_config_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TimmConfig.model_validate(fields)


def test_a_detector_takes_its_options_flat() -> None:
    with Detector("timm", backbone="test_resnet", image_size=64, weights="random", device="cpu") as detector:
        scores = detector.score_faces(np.zeros((2, 80, 80, 3), np.uint8))
        assert detector.model.config == TimmConfig.model_validate(SMALL)
    assert scores.logits["timm"].shape == (2, 2)


def test_a_detector_loads_what_was_saved(tmp_path: Path) -> None:
    model = made(dropout=0.3)
    path = tmp_path / "timm.safetensors"
    save_model(LoadedModel(model, WeightsInfo(origin="file", trained=True)), "timm", path, precision="fp32")
    faces = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    with Detector("timm", weights=path, device="cpu", precision="fp32") as detector:
        scores = detector.score_faces(faces)
    with torch.inference_mode():
        wanted = model(model.preprocess(faces)).logits["timm"].numpy()
    np.testing.assert_allclose(scores.logits["timm"], wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "backbone",
    ["test_resnet", "test_convnext", "test_efficientnet", "test_mambaout", "test_vit", "test_vit2", "test_vit3"],
)
def test_its_feature_layer_gives_maps_of_the_image_the_right_way_round(backbone: str) -> None:
    """A bright patch is where the maps change most, whatever the layout of the features."""
    model = made(backbone=backbone, image_size=128)
    images = torch.zeros(2, 3, 128, 128)
    images[1, :, 32:64, 96:] = 1.0
    layer = model.feature_layers()["timm"]
    with recorded_features({"timm": layer}) as features:
        logits = model(images).logits["timm"]
    assert logits.requires_grad
    dark, bright = layer.to_maps(features["timm"].detach())
    change = (bright - dark).square().sum(dim=0)
    side = len(change)
    row, column = divmod(int(change.argmax()), side)
    assert tuple(change.shape) == (side, side)
    assert side in (4, 8), "strides are 32 and 16"
    assert (row * 4 // side, column * 4 // side) == (1, 3)


@pytest.mark.parametrize("backbone", ["test_resnet", "test_mambaout", "test_vit", "test_vit2"])
def test_it_has_heat_maps(backbone: str) -> None:
    model = made(backbone=backbone, image_size=64).requires_grad_(False)
    for parameter in model.parameters():
        if parameter.ndim == 1:  # such as gates, which some networks begin with at zero
            parameter.add_(torch.randn_like(parameter) / 8)
    crops = torch.randint(0, 256, (3, 64, 64, 3), dtype=torch.uint8)
    maps = [*heat_maps_of_batch(model, crops, "fake"), *heat_maps_of_batch(model, crops, "real")]
    assert max(each.grad_cam["timm"].maximum for each in maps) > 0


def test_a_network_without_maps_says_so() -> None:
    with torch.device("meta"):
        levels = TimmNetwork("pit_ti_224", 2, {})
    with pytest.raises(
        ConfigError, match=r"pit_ti_224 has a class token and no blocks\[-1\]\.norm1; there are no heat"
    ):
        levels.feature_layer()
    to_maps = made().backbone.feature_layer().to_maps
    with pytest.raises(
        ConfigError, match=r"test_resnet gives features of the shape \(1, 50, 8\), which are no maps; there"
    ):
        to_maps(torch.zeros(1, 50, 8))
