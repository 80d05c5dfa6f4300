"""Layers in which an architecture keeps where it saw something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn


def as_it_is(output: Tensor) -> Tensor:
    """Give the output of a layer that gives maps."""
    return output


@dataclass(frozen=True, eq=False)
class FeatureLayer:
    """The layer whose output is a branch's last feature maps of the face.

    Where no module of the network gives just these maps, the network sends them through an ``nn.Identity``.

    Attributes:
        module: module that ``forward`` calls once.
        to_maps: function from the module's output to maps, float [N, C, h, w] for faces, [N, C, frames, h, w] for
            clips. It only takes values and puts them elsewhere, since gradients go through it as well.
    """

    module: nn.Module
    to_maps: Callable[[Tensor], Tensor] = as_it_is
