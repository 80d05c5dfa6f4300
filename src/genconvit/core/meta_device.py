"""PyTorch's meta device, where tensors have shapes and no values, without the work of drawing values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

_SET_VALUES: tuple[Callable[..., Any], ...] = (
    Tensor.add_,
    Tensor.clamp_,
    Tensor.copy_,
    Tensor.div_,
    Tensor.erfinv_,
    Tensor.fill_,
    Tensor.mul_,
    Tensor.normal_,
    Tensor.uniform_,
    Tensor.zero_,
    nn.init.constant_,
    nn.init.kaiming_uniform_,
    nn.init.normal_,
    nn.init.uniform_,
)
"""Functions that change a tensor's values alone, not its shape, nor what it says of itself, and give it back."""


@contextmanager
def meta_device() -> Iterator[None]:
    """Make tensors on the meta device inside, for a network that is to be filled from a file.

    Many operations there go through Python, and load PyTorch's compiler, for the shape of what they give. Here those
    that an initialisation consists of are left out, which is most of the time that building such a network takes.
    """
    with torch.device("meta"), _WithoutValues():
        yield


class _WithoutValues(TorchFunctionMode):
    """Leaves out what would only give values to tensors that have none."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - whatever the function gives
        kwargs = kwargs or {}
        tensor = args[0] if args else kwargs.get("tensor")
        if isinstance(tensor, Tensor) and tensor.is_meta:
            if func in _SET_VALUES:
                return tensor
            if func is Tensor.mul and tensor.is_floating_point() and isinstance(args[-1], (int, float)):
                return torch.empty(tensor.shape, dtype=tensor.dtype)  # as a ConvNeXt scales its blocks
        return func(*args, **kwargs)
