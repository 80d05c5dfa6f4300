"""V2: where it equals the original, what each switch changes, and that every new layer can learn."""

from __future__ import annotations

from typing import Any, Literal

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from genconvit.core.errors import ConfigError, WeightsError
from genconvit.models.original import Original
from genconvit.models.v2 import ORIGINAL_PARTS, V2, V2Config


def from_original(original: Original, **fields: Any) -> V2:
    """V2 with the original's slopes and weights, its new layers as they start."""
    torch.manual_seed(0)
    with torch.device("meta"):
        model = V2Config(**{"latent": "mean", **ORIGINAL_PARTS, **fields}).build()
    for module in (model.exchange, model.fusion):
        if module is not None:
            module.to_empty(device="cpu")
            for part in module.modules():
                reset = getattr(part, "reset_parameters", None)
                if reset is not None:
                    reset()
    own = model.state_dict().keys()
    held = {name: tensor for name, tensor in original.state_dict().items() if name in own}
    missing, unexpected = model.load_state_dict(held, strict=False, assign=True)
    assert not unexpected
    assert all(not name.startswith("branches.") for name in missing)
    return model.eval()


def new_parameters(model: V2) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in model.named_parameters() if not name.startswith("branches.")}


def open_gates(model: V2, which: str) -> None:
    with torch.no_grad():
        for name, tensor in new_parameters(model).items():
            if ".gates." in name and name.startswith(which):
                tensor.fill_(1.0)


@pytest.mark.parametrize(
    "fields", [{}, {"attention": False}, {"mode": "genconvit"}, {"mode": "ed"}, {"mode": "vae"}], ids=str
)
def test_with_the_originals_weights_and_slopes_it_is_the_original(
    original: Original, faces: Tensor, fields: dict[str, Any]
) -> None:
    model = from_original(original, **fields)
    with torch.inference_mode():
        wanted, got = original(faces).logits, model(faces).logits
    for branch, logits in got.items():
        torch.testing.assert_close(logits, wanted[branch], rtol=0, atol=1e-5)


def test_own_slopes_change_the_logits(original: Original, faces: Tensor) -> None:
    with torch.inference_mode():
        wanted = original(faces).logits
        for field, branch in [("ed_slope", "ed"), ("vae_slope", "vae"), ("vae_head_slope", "vae")]:
            logits = from_original(original, **{field: 0.3})(faces).logits
            other = "vae" if branch == "ed" else "ed"
            assert not torch.allclose(logits[branch], wanted[branch], atol=1e-5)
            torch.testing.assert_close(logits[other], wanted[other], rtol=0, atol=1e-5)


def state_names(**fields: Any) -> set[str]:
    with torch.device("meta"):
        return set(V2Config(**fields).build().state_dict())


def test_modes_and_switches_build_what_they_say_and_nothing_else() -> None:
    whole = state_names()
    parts = {name.split(".")[0] for name in whole}
    assert parts == {"branches", "exchange", "fusion"}
    assert state_names(attention=False) == {name for name in whole if not name.startswith("exchange.")}
    assert state_names(residual=False) == {name for name in whole if ".gates." not in name}
    bare = {name for name in whole if name.startswith("branches.")}
    assert state_names(mode="genconvit") == bare
    assert state_names(mode="ed") == {name for name in bare if name.startswith("branches.ed.")}
    assert state_names(mode="vae") == {name for name in bare if name.startswith("branches.vae.")}


def test_without_residuals_the_new_layers_take_the_place_of_what_they_see(original: Original, faces: Tensor) -> None:
    model = from_original(original, residual=False)
    with torch.inference_mode():
        readings = model.read(faces)
        hidden = model.join({name: reading.maps for name, reading in readings.items()})
    torch.testing.assert_close(hidden["ed"], hidden["vae"])
    with torch.inference_mode():
        assert not torch.allclose(model(faces).logits["ed"], original(faces).logits["ed"], atol=1e-4)


@pytest.mark.parametrize("changed", ["ed", "vae"])
@pytest.mark.parametrize("source", [0, 1])
def test_one_cell_of_one_branch_reaches_the_other_through_an_open_gate_only(
    original: Original, faces: Tensor, changed: str, source: int
) -> None:
    model = from_original(original)
    other = "vae" if changed == "ed" else "ed"

    def other_logits(maps: dict[str, tuple[Tensor, ...]]) -> Tensor:
        return model.branch(other).classify(model.join(maps)[other])

    with torch.inference_mode():
        maps = {name: reading.maps for name, reading in model.read(faces).items()}
        pair = [batch.clone() for batch in maps[changed]]
        pair[source][:, :, 1, 2] += torch.randn(pair[source].shape[1])
        poked = {**maps, changed: tuple(pair)}
        torch.testing.assert_close(other_logits(poked), other_logits(maps), rtol=0, atol=0)
        open_gates(model, "exchange")
        assert (other_logits(poked) - other_logits(maps)).abs().max() > 1e-6


@pytest.mark.parametrize("fields", [{}, {"attention": False}, {"residual": False}], ids=str)
def test_every_new_parameter_learns_within_two_steps(original: Original, faces: Tensor, fields: dict[str, Any]) -> None:
    model = from_original(original, **fields)
    parameters = new_parameters(model)
    model.requires_grad_(False)
    for tensor in parameters.values():
        tensor.requires_grad_(True)
    optimiser = torch.optim.Adam(parameters.values(), lr=1e-3)
    largest = dict.fromkeys(parameters, 0.0)
    for _ in range(2):
        optimiser.zero_grad()
        logits = model(faces).logits
        losses = [torch.nn.functional.cross_entropy(branch, torch.tensor([0, 1])) for branch in logits.values()]
        torch.autograd.backward(losses)
        for name, tensor in parameters.items():
            if tensor.grad is not None:
                largest[name] = max(largest[name], tensor.grad.abs().max().item())
        optimiser.step()
    threshold = 1e-6 * max(largest.values())
    assert {name for name, gradient in largest.items() if gradient <= threshold} == set()


def test_exactly_one_factor_on_each_path_starts_at_zero(original: Original) -> None:
    parameters = new_parameters(from_original(original))
    zero = {name for name, tensor in parameters.items() if "bias" not in name and not tensor.any()}
    assert zero == {name for name in parameters if ".gates." in name}
    assert len(zero) == 4


def test_a_warm_start_sets_the_slopes_and_lists_the_new_layers() -> None:
    start = V2Config(latent="mean", size="large").reference_start()
    assert isinstance(start.config, V2Config)
    assert {name: getattr(start.config, name) for name in ORIGINAL_PARTS} == ORIGINAL_PARTS
    assert (start.config.latent, start.config.size) == ("mean", "large")
    assert set(start.new_layers) == {name for name in state_names() if not name.startswith("branches.")}
    assert V2Config(mode="genconvit").reference_start().new_layers == ()


@pytest.mark.parametrize("size", ["tiny", "large"])
def test_the_config_knows_the_width_of_the_maps(size: Literal["tiny", "large"]) -> None:
    config = V2Config(size=size)
    with torch.device("meta"):
        assert config.build().branch("ed").backbone.map_dim == config.map_dim


def test_the_published_sizes_attend_in_all_channels_and_nano_in_fewer() -> None:
    shown = {size: V2Config.model_validate({"size": size}).attention_channels for size in ("nano", "tiny", "large")}
    assert shown == {"nano": 128, "tiny": 768, "large": 1536}
    assert state_names(attention_dim=768) == state_names() == {n for n in state_names() if "narrow" not in n}
    added = state_names(attention_dim=128) - state_names()
    kinds = {f"exchange.attend.module.{way}_{branch}" for way in ("narrow", "widen") for branch in "ab"}
    assert added == {f"{kind}.{part}" for kind in kinds for part in ("weight", "bias")}


def test_heads_share_the_channels_that_attention_works_in() -> None:
    with pytest.raises(ValidationError, match="must divide the 100 channels that attention works in; got 64"):
        V2Config(attention_dim=100)
    assert V2Config(attention_dim=100, attention_head_dim=50).attention_channels == 100


def test_a_warm_start_is_refused_where_it_cannot_be_neutral() -> None:
    with pytest.raises(WeightsError, match="cannot be neutral"):
        V2Config(residual=False).reference_start()
    with pytest.raises(ConfigError, match=r"got \{'ed_slope': 0.2\}"):
        V2Config(ed_slope=0.2).reference_start()
    assert V2Config(residual=False, mode="genconvit").reference_start().new_layers == ()
