"""Distance of an exported network's logits from PyTorch's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from genconvit.core.errors import ConfigError
from genconvit.data.sample_crops import sample_crops
from genconvit.runtimes.exported import Runs
from genconvit.runtimes.header import ExportHeader
from genconvit.runtimes.noise import Traceable, normal

FURTHEST = 1e-4
"""Largest distance that logits in fp32 may have."""

BATCHES = (1, 3, 12)
"""Sizes of the batches on which logits are compared; none is the one that a network is exported with."""


def check_parity(network: Traceable, exported: Runs, header: ExportHeader) -> float:
    """Give the largest distance of two logits, over crops of the portrait and crops of random pixels.

    Args:
        network: network in PyTorch.
        exported: network as it was exported.
        header: header of the exported file.

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
    """Yield batches uint8 [N, *input_shape] of several sizes: half are crops of the portrait, half random pixels."""
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
    found = exported(crops.numpy(), [each.numpy() for each in noise])
    return max(
        float(np.abs(found[branch] - logits.numpy()).max())
        for branch, logits in zip(header.branches, wanted, strict=True)
    )
