"""How far an exported network's logits lie from PyTorch's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from genconvit.core.errors import ConfigError
from genconvit.data.sample_crops import sample_crops
from genconvit.runtimes.header import ExportHeader
from genconvit.runtimes.noise import Traceable, normal

FURTHEST = 1e-4
"""How far logits in fp32 may lie apart."""

BATCHES = (1, 3, 12)
"""The sizes of the batches on which they are compared; none is the one that a network is exported with."""

Runs = Callable[[Tensor, Sequence[Tensor]], Mapping[str, Tensor]]
"""An exported network: from crops and noise to logits for each branch."""


def check_parity(network: Traceable, exported: Runs, header: ExportHeader) -> float:
    """The largest distance of two logits, over crops of the portrait and crops of random pixels.

    Args:
        network: in PyTorch.
        exported: the same network.
        header: what the exported file says of itself.

    Raises:
        ConfigError: it is more than ``FURTHEST``.
    """
    furthest = max(_distance(network, exported, header, crops) for crops in trial_crops(header.input_shape))
    if not furthest <= FURTHEST:  # not a number, too
        raise ConfigError(
            f"the exported network's logits differ from PyTorch's by up to {furthest:.2g}, where {FURTHEST:g} is "
            "allowed, so nothing is written; run it with runtime='torch'"
        )
    return furthest


def trial_crops(input_shape: tuple[int, ...]) -> Iterator[Tensor]:
    """Batches uint8 [N, *input_shape] of several sizes: half of them crops of the portrait, half random pixels."""
    generator = np.random.default_rng(0)
    *before, height, _, _ = input_shape
    for count in BATCHES:
        faces = sample_crops(height, count * int(np.prod(before, initial=1)), seed=count)
        yield torch.from_numpy(faces.reshape(count, *input_shape))
        yield torch.from_numpy(generator.integers(0, 256, (count, *input_shape), np.uint8))


def _distance(network: Traceable, exported: Runs, header: ExportHeader, crops: Tensor) -> float:
    noise = normal(header.noise_shapes, len(crops), torch.Generator().manual_seed(len(crops)))
    with torch.inference_mode():
        wanted = network(crops, *noise)
    found = exported(crops, noise)
    return max(
        float((found[branch] - logits).abs().max()) for branch, logits in zip(header.branches, wanted, strict=True)
    )
