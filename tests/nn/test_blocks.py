"""The blocks: shapes, formulas, and what their constructors refuse."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import nn
from torch.nn import functional

from genconvit.core.config import FrozenConfig
from genconvit.nn.autoencoder import AutoencoderConfig
from genconvit.nn.backbone import BackboneConfig
from genconvit.nn.branches import EDBranchConfig, VAEBranchConfig
from genconvit.nn.cross_attention import CrossAttentionConfig, TokenEmbeddingConfig
from genconvit.nn.exchange import MapExchangeConfig
from genconvit.nn.residual import ResidualWrapConfig
from genconvit.nn.swiglu import SwiGLUFusionConfig
from genconvit.nn.vae import VAEConfig, kl_divergence


def test_swiglu_is_w3_of_w1_times_silu_of_w2() -> None:
    fusion = SwiGLUFusionConfig(dims=(3, 2), hidden_dim=7, out_dim=4).build()
    a, b = torch.randn(5, 3), torch.randn(5, 2)
    x = torch.cat((a, b), dim=1)
    w1, w2, w3 = fusion.value.weight, fusion.gate.weight, fusion.out.weight
    torch.testing.assert_close(fusion(a, b), ((x @ w1.T) * functional.silu(x @ w2.T)) @ w3.T)
    assert len(list(fusion.parameters())) == 3


def test_cross_attention_equals_pytorchs_own() -> None:
    attend = CrossAttentionConfig(dim=8, num_heads=2).build()
    mine = attend.a_from_b
    theirs = nn.MultiheadAttention(8, 2, batch_first=True)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat((mine.query.weight, mine.key.weight, mine.value.weight)))
        theirs.in_proj_bias.copy_(torch.cat((mine.query.bias, torch.zeros(8), mine.value.bias)))
        theirs.out_proj.load_state_dict(mine.out.state_dict())
    a, b = torch.randn(3, 49, 8), torch.randn(3, 9, 8)
    torch.testing.assert_close(attend(a, b)[0], theirs(a, b, b)[0], rtol=1e-4, atol=1e-5)
    assert attend(a, b)[1].shape == b.shape
    assert mine.key.bias is None


def test_every_token_of_one_side_matters_to_the_other() -> None:
    attend = CrossAttentionConfig(dim=8, num_heads=2).build()
    a, b = torch.randn(1, 4, 8), torch.randn(1, 6, 8)
    before = attend(a, b)[0]
    for token in range(6):
        changed = b.clone()
        changed[:, token] += 1
        assert not torch.allclose(attend(a, changed)[0], before)


def test_token_embedding_tells_every_token_from_every_other() -> None:
    embed = TokenEmbeddingConfig(dim=64, grids=((7, 7), (3, 3))).build()
    tokens = embed(torch.zeros(1, 58, 64))[0]
    distances = torch.cdist(tokens, tokens) + torch.eye(58)
    assert distances.min() > 1e-2


@pytest.mark.parametrize("residual", ["zero_gate", "plain", "off"])
def test_residual_wrap_joins_what_the_module_finds(residual: Any) -> None:
    linear = nn.Linear(3, 3)
    wrap = ResidualWrapConfig(dims=(3,), residual=residual).build(linear)
    x = torch.randn(2, 3)
    expected = {"zero_gate": x, "plain": x + linear(x), "off": linear(x)}[residual]
    torch.testing.assert_close(wrap(x)[0], expected)
    assert len(wrap.gates) == (1 if residual == "zero_gate" else 0)


def test_a_shared_output_reaches_every_stream_through_its_own_gate() -> None:
    wrap = ResidualWrapConfig(dims=(3, 3)).build(SwiGLUFusionConfig(dims=(3, 3), hidden_dim=4, out_dim=3).build())
    with torch.no_grad():
        wrap.gates[1].weight.fill_(1)  # type: ignore[operator]
    a, b = torch.randn(2, 3), torch.randn(2, 3)
    new_a, new_b = wrap(a, b)
    torch.testing.assert_close(new_a, a)
    torch.testing.assert_close(new_b, b + wrap.module(a, b))


def test_map_exchange_keeps_shapes_and_starts_as_the_identity() -> None:
    exchange = MapExchangeConfig(dim=16, num_heads=2, grids_a=((4, 4), (4, 4)), grids_b=((4, 4), (2, 2))).build()
    maps_a = (torch.randn(2, 16, 4, 4), torch.randn(2, 16, 4, 4))
    maps_b = (torch.randn(2, 16, 4, 4), torch.randn(2, 16, 2, 2))
    new_a, new_b = exchange(maps_a, maps_b)
    for new, old in zip((*new_a, *new_b), (*maps_a, *maps_b), strict=True):
        torch.testing.assert_close(new, old, rtol=0, atol=0)


GRIDS = ((4, 4), (2, 2))
WIDE: dict[str, Any] = {"dim": 16, "num_heads": 2, "grids_a": GRIDS, "grids_b": GRIDS}


def test_attention_of_a_width_of_its_own_projects_the_maps_and_still_starts_as_the_identity() -> None:
    exchange = MapExchangeConfig(**WIDE, attention_dim=8).build()
    shapes = {name: tuple(value.shape) for name, value in exchange.named_parameters()}
    inner = [shape for name, shape in shapes.items() if ".attention." in name and name.endswith("weight")]
    assert set(inner) == {(8, 8)}
    assert shapes["attend.module.narrow_a.weight"] == (8, 16)
    assert shapes["attend.module.widen_b.weight"] == (16, 8)
    maps = (torch.randn(2, 16, 4, 4), torch.randn(2, 16, 2, 2))
    for new, old in zip(exchange(maps, maps)[0], maps, strict=True):
        torch.testing.assert_close(new, old, rtol=0, atol=0)
    with torch.no_grad():
        for gate in exchange.attend.gates:
            gate.weight.fill_(1)  # type: ignore[operator]
    assert not torch.equal(exchange(maps, maps)[0][0], maps[0])


def test_attention_as_wide_as_the_maps_has_no_projection() -> None:
    torch.manual_seed(0)
    exchange = MapExchangeConfig(**WIDE).build()
    assert not any("narrow" in name or "widen" in name for name in exchange.state_dict())
    torch.manual_seed(0)
    again = MapExchangeConfig(**WIDE, attention_dim=None).build().state_dict()
    assert all(torch.equal(value, again[name]) for name, value in exchange.state_dict().items())


def test_autoencoder_mirrors_its_encoder() -> None:
    autoencoder = AutoencoderConfig(channels=(4, 8), negative_slope=0.1).build()
    assert autoencoder(torch.randn(2, 3, 16, 20)).shape == (2, 3, 16, 20)
    slopes = {module.negative_slope for module in autoencoder.modules() if isinstance(module, nn.LeakyReLU)}
    assert slopes == {0.1}


def small_vae(**changes: Any) -> VAEConfig:
    return VAEConfig(**{"image_size": 64, "channels": (4, 8), "latent_shape": (6, 2, 2), **changes})


def test_vae_shapes_and_sizes() -> None:
    config = small_vae()
    assert (config.flat_dim, config.latent_dim, config.reconstruction_size) == (8 * 16 * 16, 24, (32, 32))
    assert config.build().eval()(torch.randn(3, 3, 64, 64)).reconstruction.shape == (3, 3, 32, 32)
    assert VAEConfig().flat_dim == 25088
    assert VAEConfig().latent_dim == 12544


def test_shared_noise_depends_neither_on_the_batch_nor_on_the_run() -> None:
    vae = small_vae(latent="shared").build().eval()
    faces = torch.randn(4, 3, 64, 64)
    together = vae(faces).reconstruction
    alone = torch.cat([vae(face[None]).reconstruction for face in faces])
    torch.testing.assert_close(together, alone)
    other_seed = small_vae(latent="shared", latent_seed=1).build().eval()
    other_seed.load_state_dict(vae.state_dict())
    assert not torch.allclose(other_seed(faces).reconstruction, together)


def test_mean_has_no_noise_and_random_has_fresh_noise() -> None:
    mean, random = small_vae(latent="mean").build().eval(), small_vae(latent="random").build().eval()
    random.load_state_dict(mean.state_dict())
    face = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(mean(face).reconstruction, mean(face).reconstruction, rtol=0, atol=0)
    assert not torch.allclose(random(face).reconstruction, random(face).reconstruction)


def test_training_always_draws_fresh_noise() -> None:
    vae = small_vae(latent="mean").build().train()
    face = torch.randn(2, 3, 64, 64)
    assert not torch.allclose(vae(face).reconstruction, vae(face).reconstruction)


def test_only_a_variational_vae_has_var_and_a_kl_term() -> None:
    face = torch.randn(2, 3, 64, 64)
    assert small_vae().build()(face).kl is None
    kl = small_vae(variational=True).build()(face).kl
    assert kl is not None
    assert kl >= 0


def test_kl_is_zero_for_a_standard_normal_and_equals_torchs() -> None:
    zeros = torch.zeros(2, 5)
    assert kl_divergence(zeros, zeros) == 0
    mu, var = torch.randn(3, 5), torch.randn(3, 5)
    normal = torch.distributions.Normal(mu, (var / 2).exp())
    wanted = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0, 1)).sum(dim=1).mean()
    torch.testing.assert_close(kl_divergence(mu, var), wanted)


def test_backbone_maps_then_features_are_timms_forward() -> None:
    backbone = BackboneConfig(name="convnext_atto", num_classes=10).build().eval()
    image, smaller = torch.randn(2, 3, 64, 64), torch.randn(2, 3, 32, 32)
    maps = backbone.maps(image, image, smaller)
    assert [tuple(batch.shape[-2:]) for batch in maps] == [(2, 2), (2, 2), (1, 1)]
    torch.testing.assert_close(backbone.features(maps[0])[0], backbone.net(image))


def test_equal_sizes_go_through_the_backbone_in_one_call() -> None:
    backbone = BackboneConfig(name="convnext_atto").build().eval()
    batches: list[int] = []
    backbone.net.stem.register_forward_hook(lambda _module, inputs, _output: batches.append(len(inputs[0])))
    backbone.maps(torch.zeros(2, 3, 32, 32), torch.zeros(2, 3, 32, 32))
    assert batches == [4]


REFUSED: list[tuple[type[FrozenConfig], dict[str, Any], str]] = [
    (SwiGLUFusionConfig, {"dims": (0, 2), "hidden_dim": 4, "out_dim": 4}, "greater than 0"),
    (SwiGLUFusionConfig, {"dims": (1, 2), "hidden": 4, "out_dim": 4}, "did you mean 'hidden_dim'"),
    (CrossAttentionConfig, {"dim": 10, "num_heads": 3}, "multiple of num_heads; got dim=10, num_heads=3"),
    (MapExchangeConfig, {"dim": 4, "num_heads": 1, "grids_a": (), "grids_b": (), "attention_dim": 0}, "greater than 0"),
    (TokenEmbeddingConfig, {"dim": 4, "grids": ()}, "got none"),
    (TokenEmbeddingConfig, {"dim": 4, "grids": ((2, 2), (3, 1))}, "first of grids must be the largest"),
    (ResidualWrapConfig, {"dims": ()}, "at least 1"),
    (ResidualWrapConfig, {"dims": (3,), "residual": "maybe"}, "'zero_gate', 'plain' or 'off'"),
    (AutoencoderConfig, {"negative_slope": -0.1}, "greater than or equal to 0"),
    (AutoencoderConfig, {"channels": ()}, "at least 1"),
    (VAEConfig, {"image_size": 100}, "multiple of 16 for 4 encoder stages; got 100"),
    (VAEConfig, {"latent": "median"}, "'shared', 'mean' or 'random'"),
    (BackboneConfig, {"name": "convnext_gigantic"}, "no network of timm's"),
    (BackboneConfig, {"dropout": 1.0}, "less than 1"),
    (EDBranchConfig, {"image_size": 100}, "multiple of 32; got 100, the nearest is 96"),
    (VAEBranchConfig, {"vae": {"image_size": 240}}, "multiple of 32; got 240"),
    (VAEBranchConfig, {"vae": {"latent_shape": (4, 1, 1)}}, "at least 32 pixels"),
]


@pytest.mark.parametrize(("config", "fields", "message"), REFUSED)
def test_a_constructor_refuses_and_says_what_is_allowed(
    config: type[FrozenConfig], fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        config(**fields)
