from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from genconvit.core.errors import ConfigError, WeightsError
from genconvit.models.timm import Timm, TimmConfig
from genconvit.nn.backbone import BackboneConfig
from genconvit.results.provenance import WeightsInfo
from genconvit.train.backbone_files import backbone_files, start_from_files
from genconvit.weights.convert import save_model
from genconvit.weights.load import LoadedModel

NAME = "test_resnet"


class Branch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.backbone = BackboneConfig(name=NAME, num_classes=6).build()


class Two(nn.Module):
    """A model with two branches, as V2 has them, and something else."""

    def __init__(self) -> None:
        super().__init__()
        self.branches = nn.ModuleDict({"ed": Branch(), "vae": Branch()})
        self.other = nn.Linear(2, 2)

    def net(self, branch: str) -> dict[str, Tensor]:
        state: dict[str, Tensor] = self.branches[branch].backbone.net.state_dict()  # type: ignore[union-attr]
        return {name: value.clone() for name, value in state.items()}


def weights(classes: int = 6, seed: int = 5) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    state: dict[str, Tensor] = BackboneConfig(name=NAME, num_classes=classes).build().net.state_dict()
    return state


def written(path: Path, tensors: dict[str, Tensor]) -> str:
    save_file(tensors, path)
    return str(path)


def same(some: dict[str, Tensor], other: dict[str, Tensor]) -> set[str]:
    return {name for name in some if torch.equal(some[name], other[name])}


def test_a_key_without_a_branch_fills_every_backbone_and_nothing_else(tmp_path: Path) -> None:
    model, given = Two(), weights()
    before = model.other.weight.clone()
    (file,) = start_from_files(model, {"backbone": written(tmp_path / "a.safetensors", given)})
    assert (file.name, len(file.sha256)) == ("a.safetensors", 64)
    for branch in ("ed", "vae"):
        assert same(given, model.net(branch)) == given.keys()
    assert torch.equal(model.other.weight, before)


def test_the_longest_key_decides_and_a_branch_that_none_names_stays(tmp_path: Path) -> None:
    one, two = weights(seed=1), weights(seed=2)
    files = {
        "backbone": written(tmp_path / "one.safetensors", one),
        "vae.backbone": written(tmp_path / "two.safetensors", two),
    }
    model = Two()
    assert [file.name for file in start_from_files(model, files)] == ["one.safetensors", "two.safetensors"]
    assert same(one, model.net("ed")) == one.keys()
    assert same(two, model.net("vae")) == two.keys()
    model = Two()
    before = model.net("ed")
    start_from_files(model, {"vae.backbone": files["vae.backbone"]})
    assert same(before, model.net("ed")) == before.keys()


@pytest.mark.parametrize("classes", [2, 1000, None])
def test_a_head_of_another_width_or_none_stays_random(tmp_path: Path, classes: int | None) -> None:
    given = weights(classes or 3)
    head = {name for name in given if name.startswith("fc.")}
    if classes is None:
        given = {name: value for name, value in given.items() if name not in head}
    model = Two()
    before = model.net("ed")
    start_from_files(model, {"backbone": written(tmp_path / "a.safetensors", given)})
    after = model.net("ed")
    assert head
    assert head <= same(before, after)
    assert same(after, {**after, **{name: value for name, value in given.items() if name not in head}}) == after.keys()


def test_the_count_of_batches_may_lack_and_fp16_becomes_fp32(tmp_path: Path) -> None:
    given = {name: value.half() for name, value in weights().items() if not name.endswith("num_batches_tracked")}
    model = Two()
    start_from_files(model, {"backbone": written(tmp_path / "a.safetensors", given)})
    after = model.net("ed")
    assert all(torch.equal(value.float(), after[name]) for name, value in given.items())
    assert {value.dtype for value in after.values()} == {torch.float32, torch.int64}


def test_a_file_of_a_training_of_the_backbone_alone_fits(tmp_path: Path) -> None:
    torch.manual_seed(3)
    trained = Timm(TimmConfig(backbone=NAME, image_size=64))
    path = tmp_path / "best.safetensors"
    save_model(LoadedModel(trained, WeightsInfo(origin="file", trained=True)), "timm", path, precision="fp32")
    assert all(name.startswith("backbone.net.") for name in load_file(path))
    model = Two()
    start_from_files(model, {"backbone": str(path)})
    given = trained.backbone.net.state_dict()
    assert (
        same(given, {**model.net("ed"), "fc.weight": given["fc.weight"], "fc.bias": given["fc.bias"]}) == given.keys()
    )


def test_a_pth_file_is_read_and_one_that_runs_code_is_refused(tmp_path: Path) -> None:
    given = weights()
    torch.save({"state_dict": {f"module.{name}": value for name, value in given.items()}}, tmp_path / "a.pth")
    model = Two()
    start_from_files(model, {"backbone": str(tmp_path / "a.pth")})
    assert same(given, model.net("vae")) == given.keys()
    torch.save(nn.Linear(2, 2), tmp_path / "b.pth")
    with pytest.raises(WeightsError, match=r"b\.pth"):
        start_from_files(model, {"backbone": str(tmp_path / "b.pth")})


def without(name: str) -> dict[str, Tensor]:
    return {each: value for each, value in weights().items() if each != name}


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (
            without("conv1.0.weight"),
            r"does not fit test_resnet: it lacks conv1\.0\.weight \(1 in all\); give a file with",
        ),
        ({**weights(), "blocks.9.weight": torch.zeros(1)}, r"it has besides blocks\.9\.weight \(1 in all\)"),
        ({**weights(), "conv1.0.weight": torch.zeros(1, 3, 3, 3)}, r"it has in another shape conv1\.0\.weight"),
        ({"a": torch.zeros(1)}, r"it lacks .* in all\); give a file with .*create_model\('test_resnet'\)"),
    ],
)
def test_what_does_not_fit_is_an_error_and_changes_nothing(
    tmp_path: Path, tensors: dict[str, Tensor], message: str
) -> None:
    model = Two()
    before = model.net("ed")
    with pytest.raises(WeightsError, match=message):
        start_from_files(model, {"backbone": written(tmp_path / "a.safetensors", tensors)})
    assert same(before, model.net("ed")) == before.keys()


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (("third.backbone",), r"third\.backbone='.*' names no backbone of this model .*; it has .*ed.*vae"),
        (
            ("backbone", "ed.backbone", "vae.backbone"),
            r"init backbone='.*' names no backbone .* that no longer key names",
        ),
    ],
)
def test_a_key_that_no_backbone_takes_is_an_error(tmp_path: Path, keys: tuple[str, ...], message: str) -> None:
    path = written(tmp_path / "a.safetensors", weights())
    with pytest.raises(WeightsError, match=message):
        start_from_files(Two(), dict.fromkeys(keys, path))


def test_a_model_without_a_backbone_says_so() -> None:
    with pytest.raises(WeightsError, match="it has none"):
        start_from_files(nn.Linear(2, 2), {"backbone": "a.safetensors"})


@pytest.mark.parametrize("init", ["imagenet", "a.safetensors", {"ed": "a.pth", "vae": "b.pth"}])
def test_other_ways_to_begin_name_no_files_for_backbones(init: Any) -> None:
    assert backbone_files(init) == {}


def test_files_for_backbones_do_not_mix_with_those_of_whole_networks() -> None:
    assert backbone_files({"ed.backbone": "a"}) == {"ed.backbone": "a"}
    with pytest.raises(ConfigError, match=r"init names files for backbones \(vae\.backbone\) and for ed; .* one kind"):
        backbone_files({"ed": "a.pth", "vae.backbone": "b.safetensors"})
