"""A second tree of modules over the same weights, which can be watched without touching the first."""

from __future__ import annotations

import copy
from itertools import chain

import torch
from torch import Tensor, nn

from genconvit.models.base import Architecture


def watched_twin(model: Architecture) -> Architecture:
    """Give a copy of a model that shares its weights and has hooks of its own.

    So what is hooked into the copy is neither seen by those who run the model at the same time nor left behind in it,
    and no gradient reaches its parameters. Only weights that autograd cannot work with are copied: those in another
    precision become float32, and those that were made in inference mode normal tensors.
    """
    own = {id(tensor): _for_autograd(tensor) for tensor in chain(model.parameters(), model.buffers())}
    return copy.deepcopy(model, own)


def _for_autograd(tensor: Tensor) -> Tensor:
    with torch.inference_mode(False):
        values = tensor.detach()
        if values.is_floating_point():
            values = values.float()
        if values.is_inference():
            values = values.clone()
        return nn.Parameter(values, requires_grad=False) if isinstance(tensor, nn.Parameter) else values
