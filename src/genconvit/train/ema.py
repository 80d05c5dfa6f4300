"""A moving average of the weights."""

from __future__ import annotations

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


def averaged(model: nn.Module, decay: float) -> AveragedModel:
    """A copy of a model whose weights and running statistics follow it as a moving average.

    Args:
        model: model that is averaged; ``update_parameters`` takes it in after each step.
        decay: share of the average that is kept in each step. It rises to that from 0.1, as (1 + n) / (10 + n) does, so
            that the average of a short run is not the weights that it started from.
    """

    def mixed(average: Tensor, new: Tensor, updates: Tensor | int) -> Tensor:
        if not average.is_floating_point():
            return new
        count = float(updates)
        return average.lerp(new, 1 - min(decay, (1 + count) / (10 + count)))

    copy = AveragedModel(model, avg_fn=mixed, use_buffers=True)
    copy.requires_grad_(False)
    return copy
