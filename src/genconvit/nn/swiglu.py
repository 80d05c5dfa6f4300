"""SwiGLU fusion of two feature vectors (Shazeer, "GLU Variants Improve Transformer", arXiv 2002.05202)."""

from __future__ import annotations

import torch
from pydantic import PositiveInt
from torch import Tensor, nn
from torch.nn import functional

from genconvit.core.config import FrozenConfig


class SwiGLUFusionConfig(FrozenConfig):
    """Config of a ``SwiGLUFusion``."""

    dims: tuple[PositiveInt, PositiveInt]
    """Widths of the two vectors that are joined."""

    hidden_dim: PositiveInt
    """Width of the gated layer."""

    out_dim: PositiveInt
    """Width of the fused vector."""

    bias: bool = False
    """True where the three linear maps have a bias; SwiGLU as published has none."""

    def build(self) -> SwiGLUFusion:
        """Build the module."""
        return SwiGLUFusion(self)


class SwiGLUFusion(nn.Module):
    """Joins two vectors x = [a, b] as W3((W1 x) * silu(W2 x)).

    Examples:
        >>> import torch
        >>> fuse = SwiGLUFusionConfig(
        ...     dims=(4, 6), hidden_dim=16, out_dim=5
        ... ).build()
        >>> fuse(torch.zeros(2, 4), torch.zeros(2, 6)).shape
        torch.Size([2, 5])
    """

    def __init__(self, config: SwiGLUFusionConfig) -> None:
        super().__init__()
        self.config = config
        self.value = nn.Linear(sum(config.dims), config.hidden_dim, bias=config.bias)
        self.gate = nn.Linear(sum(config.dims), config.hidden_dim, bias=config.bias)
        self.out = nn.Linear(config.hidden_dim, config.out_dim, bias=config.bias)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Fuse ``n a`` and ``n b`` into ``n out_dim``."""
        x = torch.cat((a, b), dim=-1)
        fused: Tensor = self.out(self.value(x) * functional.silu(self.gate(x)))
        return fused
