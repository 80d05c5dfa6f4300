from __future__ import annotations

import timm
import torch
from torch import Tensor, nn

from genconvit.core.meta_device import meta_device


def described(network: nn.Module) -> list[tuple[str, tuple[int, ...], torch.dtype, bool]]:
    tensors = network.state_dict().items()
    return [(name, tuple(each.shape), each.dtype, each.is_meta) for name, each in tensors]


def test_a_network_has_the_tensors_that_it_has_on_the_meta_device_itself() -> None:
    for name in ("test_convnext", "test_vit", "test_efficientnet"):
        with torch.device("meta"):
            expected = timm.create_model(name)
        with meta_device():
            network = timm.create_model(name)
        assert described(network) == described(expected)
        assert all(each.is_meta for each in network.parameters())


def test_each_parameter_is_a_tensor_of_its_own() -> None:
    with meta_device():
        ones = torch.ones(3)
        network = nn.ParameterList([nn.Parameter(2 * ones), nn.Parameter(ones * 3.0), nn.Parameter(ones)])
    assert len(set(map(id, network))) == 3


def test_operations_give_the_shapes_and_dtypes_that_they_always_give() -> None:
    def scaled(whole: Tensor, single: Tensor) -> list[Tensor]:
        return [whole * 2, whole * 0.5, whole * torch.ones(4, 1), single * 2, 0.5 * single, single.mul(other=3)]

    with torch.device("meta"):
        expected = scaled(torch.ones(3, dtype=torch.int64), torch.ones(2, 3, dtype=torch.bfloat16))
    with meta_device():
        found = scaled(torch.ones(3, dtype=torch.int64), torch.ones(2, 3, dtype=torch.bfloat16))
    assert [(each.shape, each.dtype) for each in found] == [(each.shape, each.dtype) for each in expected]


def test_tensors_on_other_devices_keep_their_values() -> None:
    with meta_device():
        tensor = torch.ones(2, device="cpu").mul_(3).add_(1) * 2
        filled = nn.init.constant_(torch.empty(2, device="cpu"), 5.0)
    assert tensor.tolist() == [8.0, 8.0]
    assert filled.tolist() == [5.0, 5.0]


def test_the_generator_stays_where_it_was() -> None:
    before = torch.random.get_rng_state()
    with meta_device():
        nn.init.trunc_normal_(torch.empty(3, 3))
    assert torch.equal(torch.random.get_rng_state(), before)
