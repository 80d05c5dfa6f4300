from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from genconvit import Detector
from genconvit.models.timm import Timm, TimmConfig
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
        torch.testing.assert_close(output.logits["timm"], model.backbone.net(faces))
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
    with Detector("timm", weights=path, device="cpu") as detector:
        scores = detector.score_faces(faces)
    with torch.inference_mode():
        wanted = model(model.preprocess(faces)).logits["timm"].numpy()
    np.testing.assert_allclose(scores.logits["timm"], wanted, rtol=0, atol=1e-5)
