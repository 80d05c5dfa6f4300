"""The memory format in which convolutions over images are fastest."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


def images_in_channels_last(images: Tensor) -> Tensor:
    """Images [N, 3, h, w] with their channels last in memory; clips [N, T, 3, h, w] as they are."""
    return images.contiguous(memory_format=torch.channels_last) if images.ndim == 4 else images.contiguous()


def network_in_channels_last(network: Network) -> Network:
    """A network whose weights lie as its images do; one with convolutions over time, which cannot, as it is."""
    has_volumes = any(each.ndim == 5 for each in network.parameters())
    return network if has_volumes else network.to(memory_format=torch.channels_last)
