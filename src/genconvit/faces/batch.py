"""Images of one size as one batch, where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from genconvit.core.types import AnyImage, on_host

if TYPE_CHECKING:
    from torch import Tensor


def stacked(images: Sequence[AnyImage]) -> npt.NDArray[np.uint8] | Tensor:
    """A batch uint8 [n, height, width, 3] of at least one image: on the device where all are, else on the host."""
    tensors = [image for image in images if not isinstance(image, np.ndarray)]
    if len(tensors) == len(images):
        import torch

        return torch.stack(tensors)
    return np.stack([on_host(image) for image in images])
