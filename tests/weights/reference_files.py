"""Files in the original's format, made from a model of this library."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from genconvit.models.original import OriginalConfig
from genconvit.weights.reference import RENAMED


def ed_checkpoint() -> dict[str, Tensor]:
    """The ED network's tensors under the reference's names, with two of the dead ones."""
    torch.manual_seed(0)
    model = OriginalConfig(mode="ed").build()
    tensors = {"embedder.norm.weight": torch.ones(768), "backbone.patch_embed.proj.bias": torch.zeros(768)}
    for name, tensor in model.state_dict().items():
        own = name.removeprefix("branches.ed.")
        theirs, ours = next((theirs, ours) for theirs, ours in RENAMED["ed"].items() if own.startswith(ours))
        tensors[theirs + own.removeprefix(ours)] = tensor
    return tensors


def save(tensors: dict[str, Tensor], path: Path) -> Path:
    torch.save(tensors, path)
    return path
