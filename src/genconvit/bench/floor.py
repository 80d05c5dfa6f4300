"""Bare calls of timm's ConvNeXt: what no code around the backbones can undercut."""

from __future__ import annotations

from collections.abc import Callable

import timm
import torch
from torch import Tensor

from genconvit.models.generative import GenerativeModel
from genconvit.scorer import Scorer


def backbone_calls(scorer: Scorer, faces: int) -> Callable[[], object] | None:
    """A function that runs bare ConvNeXts of the sizes, numbers of images and precision that so many faces take.

    None for an architecture that is not of GenConViT's family.
    """
    model = scorer.model
    if not isinstance(model, GenerativeModel):
        return None
    backbone = timm.create_model(f"convnext_{model.config.size}").eval().requires_grad_(False)
    backbone = backbone.to(device=scorer.device, dtype=scorer.dtype).to(memory_format=torch.channels_last)
    sizes = {"ed": ((2, 224),), "vae": ((1, 224), (1, 112))}
    batches = [min(scorer.batch_size, faces - start) for start in range(0, faces, scorer.batch_size)]
    images = {
        (share * batch, size): _noise(scorer, share * batch, size)
        for network in model.branches
        for share, size in sizes[network]
        for batch in set(batches)
    }

    @torch.inference_mode()
    def run() -> None:
        for batch in batches:
            for network in model.branches:
                for share, size in sizes[network]:
                    backbone(images[share * batch, size])
        if scorer.device.type == "cuda":
            torch.cuda.synchronize(scorer.device)

    return run


def _noise(scorer: Scorer, count: int, size: int) -> Tensor:
    images = torch.randn(count, 3, size, size, device=scorer.device, dtype=scorer.dtype)
    return images.contiguous(memory_format=torch.channels_last)
