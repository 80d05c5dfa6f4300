"""Cross-attention both ways between two token sequences, and the embedding that tells tokens apart.

Attention over one token is always 1 and chooses nothing, so the sequences are the positions of feature maps.
Keys have no bias: a softmax does not see a constant that is added to every key, so it could never learn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from einops import rearrange
from pydantic import PositiveInt, model_validator
from torch import Tensor, nn
from torch.nn import functional

from genconvit.core.config import FrozenConfig

Grid = tuple[PositiveInt, PositiveInt]
"""Height and width of a feature map."""


class CrossAttentionConfig(FrozenConfig):
    """Config of a ``CrossAttention``."""

    dim: PositiveInt
    """Width of the tokens of both sequences."""

    num_heads: PositiveInt
    """Number of heads that share it."""

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> CrossAttentionConfig:
        if self.dim % self.num_heads:
            raise ValueError(f"dim must be a multiple of num_heads; got dim={self.dim}, num_heads={self.num_heads}")
        return self

    def build(self) -> CrossAttention:
        """Build the module."""
        return CrossAttention(self)


class CrossAttention(nn.Module):
    """Each sequence asks the other: a's queries meet b's keys and values, and the other way round.

    Examples:
        >>> import torch
        >>> attend = CrossAttentionConfig(dim=8, num_heads=2).build()
        >>> for_a, for_b = attend(torch.zeros(1, 49, 8), torch.zeros(1, 9, 8))
        >>> for_a.shape, for_b.shape
        (torch.Size([1, 49, 8]), torch.Size([1, 9, 8]))
    """

    def __init__(self, config: CrossAttentionConfig) -> None:
        super().__init__()
        self.config = config
        self.a_from_b = Attention(config)
        self.b_from_a = Attention(config)

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        """Give what ``a: n ta d`` finds in ``b: n tb d`` and the reverse, of their own shapes."""
        return self.a_from_b(a, b), self.b_from_a(b, a)


class Attention(nn.Module):
    """One sequence's queries meet the keys and values of another."""

    def __init__(self, config: CrossAttentionConfig) -> None:
        super().__init__()
        self.num_heads = config.num_heads
        self.query = nn.Linear(config.dim, config.dim)
        self.key = nn.Linear(config.dim, config.dim, bias=False)
        self.value = nn.Linear(config.dim, config.dim)
        self.out = nn.Linear(config.dim, config.dim)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """Give what ``x: n tx d`` finds in ``context: n tc d``, of the shape of ``x``."""
        query, key, value = map(self._by_head, (self.query(x), self.key(context), self.value(context)))
        found = functional.scaled_dot_product_attention(query, key, value)
        joined: Tensor = self.out(rearrange(found, "n heads t d -> n t (heads d)"))
        return joined

    def weights(self, x: Tensor, context: Tensor) -> Tensor:
        """Give the weights of that, ``n heads tx tc``; the last axis sums to 1."""
        query, key = self._by_head(self.query(x)), self._by_head(self.key(context))
        return (query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])).softmax(dim=-1)

    def _by_head(self, tokens: Tensor) -> Tensor:
        return rearrange(tokens, "n t (heads d) -> n heads t d", heads=self.num_heads)


@dataclass(frozen=True, eq=False)
class AttentionLayer:
    """An attention among whose keys are the positions of the face's feature maps.

    Attributes:
        attention: attention that ``forward`` calls once.
        first: index of the first key that is a position of the face; the others follow it, row by row.
        grid: height and width of the face's feature maps.
    """

    attention: Attention
    first: int
    grid: tuple[int, int]


class TokenEmbeddingConfig(FrozenConfig):
    """Config of a ``TokenEmbedding``."""

    dim: PositiveInt
    """Width of the tokens."""

    grids: tuple[Grid, ...]
    """Height and width of each source's feature map, the largest first."""

    @model_validator(mode="after")
    def _first_grid_is_the_largest(self) -> TokenEmbeddingConfig:
        if not self.grids:
            raise ValueError("grids must name at least one feature map's height and width; got none")
        if any(height > self.grids[0][0] or width > self.grids[0][1] for height, width in self.grids):
            raise ValueError(f"the first of grids must be the largest; got {self.grids}")
        return self

    def build(self) -> TokenEmbedding:
        """Build the module."""
        return TokenEmbedding(self)


class TokenEmbedding(nn.Module):
    """Normalises the tokens of several feature maps and adds learned embeddings of source and position.

    The position table has the first source's grid; a smaller grid sees its average over the cells it covers.
    """

    def __init__(self, config: TokenEmbeddingConfig) -> None:
        super().__init__()
        self.config = config
        self.norm = nn.LayerNorm(config.dim)
        self.source = nn.Parameter(torch.empty(len(config.grids), config.dim))
        self.position = nn.Parameter(torch.empty(config.dim, *config.grids[0]))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw small random embeddings."""
        for table in (self.source, self.position):
            nn.init.trunc_normal_(table, std=1 / math.sqrt(self.config.dim))

    def forward(self, tokens: Tensor) -> Tensor:
        """Map ``n t d`` to ``n t d``, t running over the sources' positions, source by source."""
        where = [
            rearrange(functional.adaptive_avg_pool2d(self.position, grid), "d h w -> (h w) d") + source
            for grid, source in zip(self.config.grids, self.source, strict=True)
        ]
        embedded: Tensor = self.norm(tokens) + torch.cat(where)
        return embedded
