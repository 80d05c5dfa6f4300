"""Attention maps: at which positions of the face another branch looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from einops import rearrange
from torch import Tensor, nn

from genconvit.nn.cross_attention import AttentionLayer


@contextmanager
def recorded_attention(layers: Mapping[str, AttentionLayer]) -> Iterator[dict[str, Tensor]]:
    """Record the attention in a forward pass inside of the block.

    Yields:
        For each layer that was called, float [N, h, w]: the share of all attention that each position of the face
        gets, the mean over heads and queries. What is missing to a sum of 1 goes to other keys, such as the positions
        of a reconstruction.
    """
    maps: dict[str, Tensor] = {}
    handles = [
        layer.attention.register_forward_pre_hook(_recorder(name, layer, maps)) for name, layer in layers.items()
    ]
    try:
        yield maps
    finally:
        for handle in handles:
            handle.remove()


def _recorder(name: str, layer: AttentionLayer, maps: dict[str, Tensor]) -> Any:  # noqa: ANN401 - a hook of torch's
    height, width = layer.grid

    def record(_: nn.Module, inputs: tuple[Tensor, Tensor]) -> None:
        with torch.no_grad():
            shares = layer.attention.weights(*inputs).float().mean(dim=(1, 2))
        to_face = shares[:, layer.first : layer.first + height * width]
        maps[name] = rearrange(to_face, "n (h w) -> n h w", h=height)

    return record
