"""A residual connection around any module, plain or through a gate that starts at zero.

A zero gate makes a new layer the identity on its first day, as in ReZero (Bachlechner et al., arXiv 2003.04887)
and LayerScale (Touvron et al., arXiv 2103.17239).
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from genconvit.core.config import FrozenConfig

Residual = Literal["zero_gate", "plain", "off"]
"""Added times a gate that starts at zero, added as it is, or in the stream's place."""


class ResidualWrapConfig(FrozenConfig):
    """Config of a ``ResidualWrap``."""

    dims: tuple[PositiveInt, ...] = Field(min_length=1)
    """Width of the last axis of each stream that goes through; one number for a module of one stream."""

    residual: Residual = "zero_gate"
    """``"zero_gate"`` adds the output times a learned gate for each channel that starts at zero, ``"plain"`` adds the
    output, ``"off"`` lets the output take the stream's place."""

    def build(self, module: nn.Module) -> ResidualWrap:
        """Wrap a module that takes ``len(dims)`` tensors."""
        return ResidualWrap(self, module)


class ZeroGate(nn.Module):
    """Adds an update to a stream, each channel times a learned factor that starts at zero."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Close the gate."""
        nn.init.zeros_(self.weight)

    def forward(self, stream: Tensor, update: Tensor) -> Tensor:
        """Map ``... dim`` and ``... dim`` to ``... dim``."""
        return torch.addcmul(stream, self.weight, update)


class ResidualWrap(nn.Module):
    """Sends streams through a module and keeps what they were.

    The module returns one tensor for each stream, or a single one that all streams share.

    Examples:
        >>> import torch
        >>> wrap = ResidualWrapConfig(dims=(3,)).build(torch.nn.Linear(3, 3))
        >>> wrap(torch.ones(1, 3))
        (tensor([[1., 1., 1.]], grad_fn=<AddcmulBackward0>),)
    """

    def __init__(self, config: ResidualWrapConfig, module: nn.Module) -> None:
        super().__init__()
        self.config = config
        self.module = module
        self.gates = nn.ModuleList(ZeroGate(dim) for dim in config.dims if config.residual == "zero_gate")

    def forward(self, *streams: Tensor) -> tuple[Tensor, ...]:
        """Map streams of shape ``... dims[i]`` to as many of the same shapes."""
        found = self.module(*streams)
        updates: tuple[Tensor, ...] = (found,) * len(streams) if isinstance(found, Tensor) else found
        if self.config.residual == "off":
            return updates
        if self.config.residual == "plain":
            return tuple(stream + update for stream, update in zip(streams, updates, strict=True))
        return tuple(gate(stream, update) for stream, gate, update in zip(streams, self.gates, updates, strict=True))
