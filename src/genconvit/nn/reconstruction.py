"""Reconstructions at the size of what they reconstruct."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def at_the_size_of(faces: Tensor, reconstruction: Tensor) -> Tensor:
    """Give a reconstruction ``n 3 h w`` in float32 at the size of its faces ``n 3 s s``."""
    resized = reconstruction.float()
    if resized.shape[-2:] == faces.shape[-2:]:
        return resized
    return functional.interpolate(resized, size=faces.shape[-2:], mode="bilinear", align_corners=False)
