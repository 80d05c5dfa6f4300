from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import nn

from genconvit.core.errors import ConfigError, WeightsError
from genconvit.models.v2 import V2, V2Config
from genconvit.nn.backbone import BackboneConfig
from genconvit.results.provenance import WeightsInfo
from genconvit.train.config import TrainConfig
from genconvit.train.losses import loss_weights_of
from genconvit.train.start import first_model, model_again, start_from_imagenet
from genconvit.weights.convert import save_model
from genconvit.weights.library_file import StoredPrecision
from genconvit.weights.load import LoadedModel

NANO = {"size": "nano"}


def config(**options: Any) -> TrainConfig:
    return TrainConfig(data="crops", **{"architecture": "v2", "model": NANO, **options})


@pytest.mark.usefixtures("small")
def test_random_weights_depend_on_the_seed_alone() -> None:
    small: dict[str, Any] = {"architecture": "small", "model": {}, "init": "random"}
    torch.manual_seed(1)
    one = first_model(config(**small, seed=3)).model.state_dict()
    torch.manual_seed(2)
    same = first_model(config(**small, seed=3)).model.state_dict()
    other = first_model(config(**small, seed=4)).model.state_dict()
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


class Nets(nn.Module):
    """Two backbones and something else."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.one, self.two = (BackboneConfig(name="convnext_atto", num_classes=7, **options).build() for _ in range(2))
        self.other = nn.Linear(2, 2)


def with_pretrained(monkeypatch: pytest.MonkeyPatch, change: Callable[[nn.Module], None]) -> None:
    """Let timm's pretrained networks be others, without a network."""
    make = timm.create_model

    def create(name: str, *, pretrained: bool = False, **options: Any) -> Any:
        net = make(name, pretrained=False, **options)
        if pretrained:
            change(net)
        return net

    monkeypatch.setattr(timm, "create_model", create)


def test_imagenet_weights_fill_every_backbone_but_a_head_of_another_width(monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(net: nn.Module) -> None:
        for tensor in net.state_dict().values():
            tensor.fill_(0.25)

    with_pretrained(monkeypatch, fill)
    nets = Nets()
    start_from_imagenet(nets)
    filled = {name for name, parameter in nets.named_parameters() if (parameter == 0.25).all()}
    own = {name for name, _ in nets.named_parameters() if name.startswith(("one.", "two."))}
    assert own - filled == {f"{net}.net.head.fc.{kind}" for net in ("one", "two") for kind in ("weight", "bias")}
    assert filled < own


def test_an_absent_network_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(_: nn.Module) -> None:
        raise OSError("Name or service not known")

    with_pretrained(monkeypatch, offline)
    with pytest.raises(WeightsError, match=r"cannot be had .*OSError: Name .*Give init='random'.*a checkpoint"):
        start_from_imagenet(Nets())


def test_the_sizes_backbones_take_imagenets_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    def freeze(net: nn.Module) -> None:
        net.requires_grad_(False)

    with_pretrained(monkeypatch, freeze)
    start = first_model(config(init="imagenet", model={**NANO, "mode": "ed"}))
    assert start.made_from == ()
    assert all(parameter.requires_grad for parameter in start.model.parameters())


def test_backbones_begin_with_a_file_and_the_rest_with_the_seed(tmp_path: Path) -> None:
    path = tmp_path / "lite.safetensors"
    torch.manual_seed(4)
    given = BackboneConfig(name="tf_efficientnet_lite0", num_classes=1000).build().net.state_dict()
    save_file(given, path)
    vae = {**NANO, "mode": "vae"}
    start = first_model(config(init={"vae.backbone": str(path)}, model=vae))
    (file,) = start.made_from
    assert file.name == "lite.safetensors"
    state = start.model.state_dict()
    random = first_model(config(init="random", model=vae)).model.state_dict()
    net = "branches.vae.backbone.net."
    for name, value in state.items():
        wanted = given[name.removeprefix(net)] if name.startswith(net) and "classifier" not in name else random[name]
        assert torch.equal(value, wanted), name


def test_another_init_is_weights_as_a_detector_takes_them(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="does not exist"):
        first_model(config(init=str(tmp_path / "absent.safetensors")))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_weights_that_are_stored_in_fewer_bits_are_trained_in_fp32(tmp_path: Path, precision: StoredPrecision) -> None:
    path = tmp_path / "small.safetensors"
    small: dict[str, Any] = {"architecture": "small", "model": {}}
    info = WeightsInfo(origin="file", trained=True)
    save_model(LoadedModel(first_model(config(**small, init="random")).model, info), "small", path, precision=precision)
    model = first_model(config(**small, init=str(path))).model
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_an_unknown_field_of_the_model_is_named() -> None:
    with pytest.raises(ConfigError, match=r"unknown field 'sise' .did you mean 'size'"):
        first_model(config(init="random", model={"sise": "nano"}))


def test_only_a_training_with_a_kl_term_builds_what_it_needs() -> None:
    with torch.device("meta"):
        without = first_model(config(init="random")).model.config.model_dump()
        with_it = first_model(config(init="random", kl_weight=0.5)).model.config.model_dump()
    assert (without["variational"], with_it["variational"]) == (False, True)


@pytest.mark.parametrize(
    ("linear_end", "options", "expected"),
    [
        (True, {}, {"ed": 1, "vae": 1}),
        (False, {}, {"ed": 0, "vae": 1}),
        (False, {"reconstruction_ed": 0.25, "reconstruction_vae": 0.5}, {"ed": 0.25, "vae": 0.5}),
    ],
)
def test_the_ed_branch_reconstructs_where_it_can_reach_negative_pixels(
    linear_end: bool, options: dict[str, float], expected: dict[str, float]
) -> None:
    with torch.device("meta"):
        model = V2(V2Config(size="nano", ed_linear_end=linear_end))
    assert loss_weights_of(config(**options), model).reconstruction == expected


def test_the_originals_vae_trains_as_the_reference_does() -> None:
    with torch.device("meta"):
        reference = TrainConfig(data="crops", model={"mode": "vae"})
        model = model_again(reference, {"mode": "vae", "size": "nano"})
    weights = loss_weights_of(reference, model)
    assert (weights.reconstruction, weights.kl, weights.label_smoothing) == ({"vae": 1.0}, 0.0, 0.0)
    assert (reference.optimiser, reference.learning_rate, reference.weight_decay) == ("adam", 1e-4, 1e-4)
    assert (reference.chosen_schedule, reference.step_epochs, reference.decay_factor) == ("step", 15, 0.1)
    assert (reference.batch_size, reference.chosen_warmup, reference.init) == (32, 0, "imagenet")
