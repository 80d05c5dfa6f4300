from __future__ import annotations

from typing import Any

import pytest
import timm
import torch
from pydantic import ValidationError

from genconvit.nn import backbone as module
from genconvit.nn.backbone import BackboneConfig

TINY = ("test_resnet", "test_convnext", "test_efficientnet")
"""Networks that timm keeps for tests, of some hundred thousand parameters."""


@pytest.mark.parametrize("name", TINY)
def test_networks_of_several_families_are_backbones(name: str) -> None:
    backbone = BackboneConfig(name=name, num_classes=5).build().eval()
    images = torch.randn(2, 3, 96, 64)
    with torch.inference_mode():
        (maps,) = backbone.maps(images)
        (features,) = backbone.features(maps)
        torch.testing.assert_close(features, backbone.net(images))
    assert tuple(maps.shape) == (2, backbone.map_dim, 3, 2)
    assert tuple(features.shape) == (2, 5)
    heads = [value for name, value in backbone.net.state_dict().items() if name.startswith(backbone.classifier)]
    assert {len(value) for value in heads} == {5}


@pytest.mark.parametrize(
    ("name", "mean", "std"),
    [
        ("convnext_atto", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ("tf_efficientnet_lite0", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    ],
)
def test_each_network_knows_its_own_normalisation(name: str, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
    with torch.device("meta"):
        backbone = BackboneConfig(name=name).build()
    assert (backbone.mean, backbone.std) == (mean, std)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "resnet99"}, r"'resnet99' is no network of timm's \(did you mean"),
        (
            {"name": "vit_tiny_patch16_224"},
            r"no image of 64 x 96 pixels goes through it \(AssertionError: Input height",
        ),
        ({"name": "test_vit"}, r"'test_vit' cannot be a backbone: .* becomes maps of \(1, 25, 64\)"),
        ({"name": "vgg11", "drop_path": 0.1}, r"'vgg11' cannot be .*TypeError.*drop_path_rate"),
    ],
)
def test_what_is_no_backbone_is_refused_with_the_reason(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        BackboneConfig(**fields)


def test_a_second_head_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    make: Any = timm.create_model

    def with_two_heads(*arguments: Any, **options: Any) -> Any:
        net = make(*arguments, **options)
        net.pretrained_cfg["classifier"] = ("head", "head_dist")
        return net

    monkeypatch.setattr(timm, "create_model", with_two_heads)
    assert module._problem_of.__wrapped__("test_resnet", ()) == "it has more than one head"


def test_dropping_is_for_training_alone() -> None:
    torch.manual_seed(0)
    backbone = BackboneConfig(name="test_resnet", num_classes=8, dropout=0.9, drop_path=0.5).build()
    images = torch.randn(4, 3, 64, 64)
    assert not torch.equal(backbone.net(images), backbone.net(images))
    backbone.eval()
    assert torch.equal(backbone.net(images), backbone.net(images))
    assert backbone.net.drop_rate == 0.9


@pytest.mark.slow
@pytest.mark.parametrize("known", module._KNOWN_TO_FIT)
def test_what_is_known_to_fit_fits(monkeypatch: pytest.MonkeyPatch, known: str) -> None:
    monkeypatch.setattr(module, "_KNOWN_TO_FIT", ("nothing",))
    names = [name for name in timm.list_models(f"{known}*") if not name.startswith("convnextv2_huge")]
    assert len(names) > 4
    problems = {name: module._problem_of.__wrapped__(name, ("drop_rate", "drop_path_rate")) for name in names}
    assert {name: problem for name, problem in problems.items() if problem} == {}
