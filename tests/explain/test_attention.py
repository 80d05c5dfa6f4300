from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from genconvit.explain.attention import recorded_attention
from genconvit.explain.explainer import heat_maps_of_batch
from genconvit.models.v2 import V2, V2Config
from genconvit.nn.cross_attention import CrossAttentionConfig
from genconvit.nn.exchange import MapExchange, MapExchangeConfig
from genconvit.nn.residual import Residual

DIM = 8


def made(residual: Residual = "plain") -> MapExchange:
    """An exchange between maps of a reconstruction and a face, and maps of a face and a smaller reconstruction."""
    torch.manual_seed(0)
    config = MapExchangeConfig(
        dim=DIM, num_heads=2, grids_a=((4, 4), (4, 4)), grids_b=((4, 4), (2, 2)), residual=residual
    )
    return config.build().eval()


def maps_of(exchange: MapExchange, maps_a: tuple[Tensor, ...], maps_b: tuple[Tensor, ...]) -> dict[str, Tensor]:
    a_from_b, b_from_a = exchange.attention_layers(1, 0)
    assert a_from_b is not None
    assert b_from_a is not None
    with recorded_attention({"a_from_b": a_from_b, "b_from_a": b_from_a}) as maps:
        exchange(maps_a, maps_b)
    return maps


def zeros(*grids: tuple[int, int]) -> tuple[Tensor, ...]:
    return tuple(torch.zeros(1, DIM, *grid) for grid in grids)


def test_the_weights_are_those_of_the_attention() -> None:
    torch.manual_seed(0)
    attend = CrossAttentionConfig(dim=DIM, num_heads=2).build().a_from_b
    x, context = torch.randn(3, 5, DIM), torch.randn(3, 7, DIM)
    weights = attend.weights(x, context)
    assert tuple(weights.shape) == (3, 2, 5, 7)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(3, 2, 5))
    value = attend.value(context).unflatten(-1, (2, -1)).transpose(1, 2)
    found = attend.out((weights @ value).transpose(1, 2).flatten(2))
    torch.testing.assert_close(found, attend(x, context))


def test_attention_without_a_choice_is_even() -> None:
    exchange = made()
    for name, parameter in exchange.named_parameters():
        if name.endswith("key.weight"):
            nn.init.zeros_(parameter)
    maps = maps_of(exchange, zeros((4, 4), (4, 4)), zeros((4, 4), (2, 2)))
    torch.testing.assert_close(maps["a_from_b"], torch.full((1, 4, 4), 1 / (16 + 4)))
    torch.testing.assert_close(maps["b_from_a"], torch.full((1, 4, 4), 1 / (16 + 16)))


@pytest.mark.parametrize("place", [(0, 0), (1, 3), (3, 2)])
@pytest.mark.parametrize("name", ["a_from_b", "b_from_a"])
def test_it_is_hot_where_the_other_branch_is_looked_at(name: str, place: tuple[int, int]) -> None:
    exchange = made()
    for parameter_name, parameter in exchange.named_parameters():
        if parameter_name.endswith(("source", "position", "query.weight")):
            nn.init.zeros_(parameter)
        if parameter_name.endswith(("query.bias", "key.weight")):  # all look for what is large in one channel of a head
            sought = torch.zeros(DIM)
            sought[[0, 4]] = 10.0
            parameter.data.copy_(sought if parameter.ndim == 1 else torch.diag(sought))
    maps_a, maps_b = zeros((4, 4), (4, 4)), zeros((4, 4), (2, 2))
    for face in (maps_a[1], maps_b[0]):
        face[0, [0, 4], place[0], place[1]] = 1.0
    (found,) = maps_of(exchange, maps_a, maps_b)[name]
    assert np.argwhere(found.numpy() > 0.5).tolist() == [list(place)]
    assert float(found.max()) == pytest.approx(1.0, abs=1e-3)


def test_what_goes_to_a_reconstruction_is_missing_to_one() -> None:
    exchange = made()
    drawn = [
        tuple(map(torch.randn_like, zeros(*grids))) for grids in (exchange.config.grids_a, exchange.config.grids_b)
    ]
    maps = maps_of(exchange, *drawn)
    assert all(0.1 < float(each.sum()) < 0.9 for each in maps.values())


def test_attention_behind_a_closed_gate_is_left_out() -> None:
    exchange = made("zero_gate")
    assert exchange.attention_layers(1, 0) == (None, None)
    nn.init.ones_(next(exchange.attend.gates[1].parameters()))
    a_from_b, b_from_a = exchange.attention_layers(1, 0)
    assert a_from_b is None
    assert b_from_a is not None
    assert (b_from_a.first, b_from_a.grid) == (16, (4, 4))


def built(**options: Any) -> V2:
    torch.manual_seed(0)
    return V2(V2Config(size="nano", image_size=64, **options)).eval().requires_grad_(False)


def test_v2_has_a_map_for_each_direction_and_none_without_attention() -> None:
    model = built(residual=False)
    crops = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    maps = heat_maps_of_batch(model, crops, "fake")
    assert [face.attention.keys() for face in maps] == [{"ed_from_vae", "vae_from_ed"}] * 2
    assert {each.grid for each in maps[0].attention.values()} == {(2, 2)}
    assert {each.size for each in maps[0].attention.values()} == {64}
    assert all(0 < each.raw.sum() < 1 for each in maps[0].attention.values())


@pytest.mark.parametrize("options", [{}, {"attention": False}, {"mode": "ed"}, {"mode": "genconvit"}], ids=str)
def test_attention_that_does_not_act_has_no_map(options: dict[str, Any]) -> None:
    assert built(**options).attention_layers() == {}, "with residuals, fresh gates are closed"
