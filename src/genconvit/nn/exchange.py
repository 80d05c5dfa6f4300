"""Lets two branches look at each other's feature maps before pooling."""

from __future__ import annotations

from typing import cast

import torch
from einops import rearrange
from pydantic import PositiveInt
from torch import Tensor, nn

from genconvit.core.config import FrozenConfig
from genconvit.nn.cross_attention import Attention, AttentionLayer, CrossAttentionConfig, Grid, TokenEmbeddingConfig
from genconvit.nn.residual import Residual, ResidualWrapConfig


class MapExchangeConfig(FrozenConfig):
    """Config of a ``MapExchange``."""

    dim: PositiveInt
    """Channels of the feature maps."""

    num_heads: PositiveInt
    """Attention heads."""

    attention_dim: PositiveInt | None = None
    """Channels that attention works in, to which the maps are projected, and back; None is ``dim``, unprojected."""

    grids_a: tuple[Grid, ...]
    """Height and width of each feature map of the first branch, the largest first."""

    grids_b: tuple[Grid, ...]
    """Height and width of each feature map of the second branch, the largest first."""

    residual: Residual = "zero_gate"
    """Way in which what attention finds joins the maps."""

    def build(self) -> MapExchange:
        """Build the module."""
        return MapExchange(self)


class MapExchange(nn.Module):
    """Cross-attention between the positions of two branches' feature maps, each with its residual."""

    def __init__(self, config: MapExchangeConfig) -> None:
        super().__init__()
        self.config = config
        wrap = ResidualWrapConfig(dims=(config.dim, config.dim), residual=config.residual)
        self.attend = wrap.build(_EmbeddedAttention(config))

    def forward(
        self, maps_a: tuple[Tensor, ...], maps_b: tuple[Tensor, ...]
    ) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """Map each branch's feature maps ``n dim h w`` to maps of the same shapes."""
        a, b = self.attend(_to_tokens(maps_a), _to_tokens(maps_b))
        return _to_maps(a, self.config.grids_a), _to_maps(b, self.config.grids_b)

    def attention_layers(self, face_a: int, face_b: int) -> tuple[AttentionLayer | None, AttentionLayer | None]:
        """Give a's attention to b's maps of the face, and b's to a's; None behind a gate that lets nothing through.

        Args:
            face_a: index of the face's maps among the first branch's.
            face_b: index of the face's maps among the second branch's.
        """
        attention = cast("_EmbeddedAttention", self.attend.module).attention
        layers = (
            _to_face(attention.a_from_b, self.config.grids_b, face_b),
            _to_face(attention.b_from_a, self.config.grids_a, face_a),
        )
        if len(self.attend.gates) == 0:
            return layers
        a, b = (
            layer if bool(gate.any()) else None
            for layer, gate in zip(layers, self.attend.gates.parameters(), strict=True)
        )
        return a, b


class _EmbeddedAttention(nn.Module):
    def __init__(self, config: MapExchangeConfig) -> None:
        super().__init__()
        dim = config.attention_dim or config.dim
        self.embed_a = TokenEmbeddingConfig(dim=dim, grids=config.grids_a).build()
        self.embed_b = TokenEmbeddingConfig(dim=dim, grids=config.grids_b).build()
        self.attention = CrossAttentionConfig(dim=dim, num_heads=config.num_heads).build()
        self.narrow_a, self.narrow_b = _projections(config.dim, config.attention_dim)
        self.widen_a, self.widen_b = _projections(config.attention_dim, config.dim)

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        for_a, for_b = self.attention(self.embed_a(self.narrow_a(a)), self.embed_b(self.narrow_b(b)))
        return self.widen_a(for_a), self.widen_b(for_b)


def _projections(in_dim: int | None, out_dim: int | None) -> tuple[nn.Module, nn.Module]:
    """One for each branch; nothing where a width is not given."""
    if in_dim is None or out_dim is None:
        return nn.Identity(), nn.Identity()
    return nn.Linear(in_dim, out_dim), nn.Linear(in_dim, out_dim)


def _to_face(attention: Attention, grids: tuple[Grid, ...], face: int) -> AttentionLayer:
    return AttentionLayer(attention, sum(height * width for height, width in grids[:face]), grids[face])


def _to_tokens(maps: tuple[Tensor, ...]) -> Tensor:
    return torch.cat([rearrange(source, "n d h w -> n (h w) d") for source in maps], dim=1)


def _to_maps(tokens: Tensor, grids: tuple[Grid, ...]) -> tuple[Tensor, ...]:
    sources = torch.split(tokens, [height * width for height, width in grids], dim=1)
    return tuple(
        rearrange(source, "n (h w) d -> n d h w", h=height, w=width)
        for source, (height, width) in zip(sources, grids, strict=True)
    )
