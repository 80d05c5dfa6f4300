"""Images of one size as one batch, where they lie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genconvit.core.types import AnyImage, on_host


def stacked(images: Sequence[AnyImage]) -> npt.NDArray[np.uint8] | Tensor:
    """A batch uint8 [n, height, width, 3] of at least one image: on the device where all are, else on the host."""
    tensors = [image for image in images if isinstance(image, torch.Tensor)]
    if len(tensors) == len(images):
        return torch.stack(tensors)
    return np.stack([on_host(image) for image in images])
