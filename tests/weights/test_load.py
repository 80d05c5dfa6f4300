"""Every tensor of a file is loaded, known as dead, or an error; and where weights came from is recorded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn

from genconvit.core.errors import ConfigError, PluginError, WeightsError
from genconvit.core.files import sha256_of_file
from genconvit.core.input_spec import InputSpec
from genconvit.models.base import Architecture, ArchitectureConfig, ModelOutput
from genconvit.models.original import Original
from genconvit.models.v2 import V2
from genconvit.registry import ARCHITECTURES
from genconvit.weights.convert import convert_reference
from genconvit.weights.library_file import FileHeader, write
from genconvit.weights.load import LoadedModel, load_model

from .reference_files import save

Tensors = dict[str, Tensor]


def load_ed(spec: Any, **options: Any) -> LoadedModel:
    return load_model("original", Original, {"mode": "ed", **options}, spec)


def test_a_reference_file_fills_the_model_and_is_recorded(ed_file: Path, ed_tensors: Tensors) -> None:
    loaded = load_ed({"ed": ed_file})
    assert (loaded.info.origin, loaded.info.trained) == ("file", True)
    assert [(file.name, file.sha256) for file in loaded.info.files] == [("ed.pth", sha256_of_file(ed_file))]
    stored = ed_tensors["backbone.stem.0.weight"]
    torch.testing.assert_close(loaded.model.state_dict()["branches.ed.backbone.net.stem.0.weight"], stored)
    assert not loaded.model.training
    assert not any(parameter.requires_grad for parameter in loaded.model.parameters())
    assert not any(tensor.is_meta for tensor in loaded.model.state_dict().values())


def drop(tensors: Tensors) -> None:
    del tensors["fc2.bias"]


def add(tensors: Tensors) -> None:
    tensors["surprise.weight"] = torch.zeros(1)


def reshape(tensors: Tensors) -> None:
    tensors["fc2.weight"] = torch.zeros(3, 500)


def make_integer(tensors: Tensors) -> None:
    tensors["fc2.bias"] = torch.zeros(2, dtype=torch.int64)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (drop, r"missing: branches\.ed\.head\.logits\.bias"),
        (add, r"does not have: surprise\.weight"),
        (reshape, r"another shape or kind: branches\.ed\.head\.logits\.weight \[3, 500\] instead of \[2, 500\]"),
        (make_integer, r"another shape or kind: branches\.ed\.head\.logits\.bias"),
    ],
)
def test_a_damaged_file_is_an_error_that_lists_the_tensors(
    ed_tensors: Tensors, tmp_path: Path, damage: Callable[[Tensors], None], message: str
) -> None:
    tensors = dict(ed_tensors)
    damage(tensors)
    with pytest.raises(WeightsError, match=message):
        load_ed({"ed": save(tensors, tmp_path / "damaged.pth")})


def test_dead_tensors_may_be_missing(ed_tensors: Tensors, tmp_path: Path) -> None:
    live = {name: tensor for name, tensor in ed_tensors.items() if "embed" not in name}
    assert len(live) == len(ed_tensors) - 2
    load_ed(save(live, tmp_path / "live.pth"))


def test_one_file_for_two_networks_says_which_is_lacking(ed_file: Path) -> None:
    with pytest.raises(WeightsError, match=r"mode 'genconvit' needs the weights of ed and vae, but .* lacks vae"):
        load_model("original", Original, {}, ed_file)


@pytest.mark.parametrize(
    ("spec", "options", "message"),
    [
        ({}, {}, "weights name no network, but this mode runs 'ed'"),
        ({"vae": "vae.pth"}, {}, "weights name 'vae', but this mode runs 'ed'"),
        ({"ed": "nowhere.pth"}, {}, r"'nowhere\.pth' does not exist"),
        ("nowhere.safetensors", {}, r"'nowhere\.safetensors' does not exist"),
        ("../nowhere", {}, r"'\.\./nowhere' does not exist"),
        ("rubbish", {}, "neither a file here nor a hub id"),
        ("~nobody-of-that-name/x.pth", {}, "cannot be read"),
        ("x" * 300 + ".pth", {}, "cannot be read|does not exist"),
        ({"ed": "a\0b.pth"}, {}, "cannot be read|does not exist"),
        ("published", {"size": "large"}, "no weights are published for size 'large'"),
    ],
)
def test_what_names_no_weights_is_an_error(spec: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(WeightsError, match=message):
        load_ed(spec, **options)


def test_a_folder_is_no_weights_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is a folder"):
        load_ed(tmp_path)


def test_the_wrong_networks_file_is_named(ed_file: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"given as 'vae' but holds network 'ed'"):
        load_model("original", Original, {"mode": "vae"}, {"vae": ed_file})
    other = save({"layer.weight": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match=r"holds neither network .* layer\.weight"):
        load_ed(other)


def test_random_is_the_same_every_time_and_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    first, second = load_ed("random"), load_ed("random")
    assert torch.equal(torch.get_rng_state(), before)
    assert (first.info.origin, first.info.trained) == ("random", False)
    for name, tensor in first.model.state_dict().items():
        assert torch.equal(second.model.state_dict()[name], tensor)


def test_an_unknown_option_lists_the_valid_ones() -> None:
    with pytest.raises(ConfigError, match=r"unknown field 'modus' \(did you mean 'mode'\?\); the fields"):
        load_model("original", Original, {"modus": "ed"}, "random")
    with pytest.raises(ConfigError, match="mode='both': Input should be 'ed', 'vae' or 'genconvit'"):
        load_model("original", Original, {"mode": "both"}, "random")


@pytest.fixture(scope="module")
def converted(ed_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("converted") / "ed.safetensors"
    convert_reference({"ed": ed_file}, path)
    return path


def test_a_converted_file_brings_its_config_and_options_override_it(converted: Path) -> None:
    loaded = load_model("original", Original, {"latent": "mean"}, converted)
    config = loaded.model.config.model_dump()
    assert (config["mode"], config["latent"]) == ("ed", "mean")
    assert loaded.info.origin == "file"


def test_opening_a_file_initialises_nothing_at_random(converted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_random_numbers(tensor: Tensor, *_: object, **__: object) -> Tensor:
        assert tensor.is_meta, "memory was filled with random numbers"
        return tensor

    for name in ("uniform_", "normal_"):
        monkeypatch.setattr(Tensor, name, no_random_numbers)
    load_ed(converted)
    with pytest.raises(PluginError, match="random numbers"):
        load_ed("random")


@pytest.mark.parametrize(
    "options",
    [{"attention_head_dim": 1000}, {"attention_head_dim": 500}, {"fusion_dim": 10**18}, {"latent_seed": 2**70}],
    ids=str,
)
def test_a_number_that_no_model_can_have_is_a_config_error(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        load_model("v2", V2, options, "random")


def test_a_converted_file_remembers_what_it_was_made_from(converted: Path, ed_file: Path) -> None:
    (original,) = load_ed(converted).info.made_from
    assert (original.name, original.sha256) == ("ed.pth", sha256_of_file(ed_file))


def test_bf16_halves_the_file_and_loads(ed_file: Path, converted: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.safetensors"
    convert_reference({"ed": ed_file}, small, precision="bf16")
    assert small.stat().st_size < 0.51 * converted.stat().st_size
    tensor = next(load_ed(small).model.parameters())
    assert tensor.dtype == torch.bfloat16


def test_convert_needs_to_know_whose_file_it_is(ed_file: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="do not say whose they are"):
        convert_reference(str(ed_file), tmp_path / "out.safetensors")
    assert list(tmp_path.iterdir()) == []


def header(**changes: Any) -> FileHeader:
    fields = {"library_version": "0", "architecture": "original", "config": {"mode": "ed"}, "trained": True}
    return FileHeader.model_validate({**fields, **changes})


@pytest.fixture(scope="module")
def state(converted: Path) -> Tensors:
    return load_ed(converted).model.state_dict()


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (header(config={"mode": "ed", "colour": 3}), "a config that this version does not know.*'colour'"),
        (header(format=2), "format 2, this version reads format 1; upgrade"),
        (header(architecture="v2", config={"mode": "ed"}), "holds architecture 'v2', not 'original'"),
        (header(architecture="nobodys"), "holds architecture 'nobodys', not 'original'"),
        (header(config={"mode": "ed", "latent_seed": 2**60 * 1024}), "latent_seed"),
    ],
)
def test_a_header_that_does_not_fit_is_an_error(state: Tensors, tmp_path: Path, head: FileHeader, message: str) -> None:
    path = tmp_path / "model.safetensors"
    write(path, state, head, "fp32")
    with pytest.raises(WeightsError, match=message):
        load_ed(path)


def test_an_extra_tensor_in_the_librarys_own_file_is_an_error(state: Tensors, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    write(path, {**state, "surprise": torch.zeros(1)}, header(), "fp32")
    with pytest.raises(WeightsError, match="not part of the model: surprise"):
        load_ed(path)


def test_an_untrained_file_says_so(state: Tensors, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    write(path, state, header(trained=False), "fp32")
    assert not load_ed(path).info.trained


def test_a_narrower_mode_leaves_the_other_branch_in_the_file(state: Tensors, tmp_path: Path) -> None:
    path = tmp_path / "both.safetensors"
    other = {"branches.vae.head.logits.bias": torch.zeros(2)}
    write(path, {**state, **other}, header(config={"mode": "genconvit"}), "fp32")
    assert {name.split(".")[1] for name in load_ed(path).model.state_dict()} == {"ed"}


def test_v2_takes_a_converted_original(converted: Path) -> None:
    loaded = load_model("v2", V2, {"mode": "ed"}, converted)
    assert (loaded.info.origin, loaded.info.new_layers) == ("file", ())
    assert loaded.model.config.model_dump()["ed_slope"] == 0


class ScaleConfig(ArchitectureConfig):
    mode: str = "plain"


class Scale(Architecture):
    """An architecture whose buffer is in no file and which cannot be reset on the meta device."""

    config_class = ScaleConfig
    table: Tensor

    def __init__(self, config: ScaleConfig) -> None:
        super().__init__(config)
        self.config = config
        self.input_spec = InputSpec(size=32)
        self.linear = nn.Linear(3, 2)
        self.register_buffer("table", torch.arange(3.0), persistent=False)

    def forward(self, faces: Tensor) -> ModelOutput:
        return ModelOutput({"main": self.linear(faces.mean(dim=(2, 3)) + self.table)})


def test_a_plugins_unsaved_buffers_survive_the_meta_device(tmp_path: Path) -> None:
    ARCHITECTURES.register("scale", Scale)
    try:
        path = tmp_path / "scale.safetensors"
        tensors = {"linear.weight": torch.ones(2, 3), "linear.bias": torch.zeros(2)}
        write(path, tensors, header(architecture="scale", config={"mode": "plain"}), "fp32")
        model = cast("Scale", load_model("scale", Scale, {}, path).model)
    finally:
        ARCHITECTURES.unregister("scale")
    torch.testing.assert_close(model.table, torch.arange(3.0))
    torch.testing.assert_close(model.linear.weight, torch.ones(2, 3))


def test_an_architecture_without_default_weights_asks_for_them(ed_file: Path) -> None:
    with pytest.raises(WeightsError, match="has no default weights"):
        load_model("scale", Scale, {})
    with pytest.raises(WeightsError, match="no weights are published for this architecture"):
        load_model("scale", Scale, {}, "published")
    for spec in (ed_file, {"ed": ed_file}, {"ed": "nowhere.pth", "vae": "nowhere.pth"}):
        with pytest.raises(WeightsError, match=r"does not read files of the original.*give weights that were saved"):
            load_model("scale", Scale, {}, spec)


def test_an_architecture_that_cannot_be_built_is_a_plugin_error() -> None:
    class Broken(Scale):
        def __init__(self, config: ScaleConfig) -> None:
            super().__init__(config)
            raise RuntimeError("no such luck")

    with pytest.raises(PluginError, match=r"Broken cannot be built from .*no such luck"):
        load_model("broken", Broken, {}, "random")
