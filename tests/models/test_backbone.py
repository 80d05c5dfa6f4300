from __future__ import annotations

from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from genconvit import Detector
from genconvit.models.backbone import BackboneModel, BackboneModelConfig
from genconvit.results.provenance import WeightsInfo
from genconvit.weights.convert import save_model
from genconvit.weights.load import LoadedModel

SMALL = {"name": "test_resnet", "image_size": 64}


def test_its_logits_are_the_networks_own() -> None:
    torch.manual_seed(0)
    model = BackboneModelConfig.model_validate(SMALL).build().eval()
    faces = torch.randn(3, 3, 64, 64)
    with torch.inference_mode():
        output = model(faces)
        torch.testing.assert_close(output.logits["backbone"], model.backbone.net(faces))
    assert tuple(output.logits["backbone"].shape) == (3, 2)
    assert (dict(output.reconstructions), output.kl) == ({}, None)


def test_it_normalises_as_the_network_does_and_takes_faces_of_other_sizes() -> None:
    with torch.device("meta"):
        lite = BackboneModelConfig(name="tf_efficientnet_lite0").build()
    white = lite.preprocess(torch.full((1, 2, 2, 3), 255, dtype=torch.uint8))
    assert bool((white == 1).all())
    model = BackboneModelConfig.model_validate(SMALL).build().eval()
    assert (BackboneModel.any_size, model.input_size) == (True, 64)
    assert tuple(model(torch.randn(1, 3, 96, 96)).logits["backbone"].shape) == (1, 2)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"image_size": 100}, "image_size must be a multiple of 32; got 100, the nearest is 96"),
        ({"name": "test_vit"}, "'test_vit' cannot be a backbone"),
        ({"mode": "ed"}, "'backbone'"),
    ],
)
def test_a_wrong_config_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        BackboneModelConfig.model_validate(fields)


def test_a_detector_loads_what_was_saved(tmp_path: Path) -> None:
    torch.manual_seed(1)
    model = BackboneModelConfig.model_validate({**SMALL, "dropout": 0.3}).build().eval()
    path = tmp_path / "backbone.safetensors"
    save_model(LoadedModel(model, WeightsInfo(origin="file", trained=True)), "backbone", path, precision="fp32")
    faces = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    with Detector("backbone", weights=path, device="cpu") as detector:
        scores = detector.score_faces(faces)
    with torch.inference_mode():
        wanted = model(model.preprocess(faces)).logits["backbone"]
    torch.testing.assert_close(scores.logits["backbone"], wanted, rtol=0, atol=1e-5)
