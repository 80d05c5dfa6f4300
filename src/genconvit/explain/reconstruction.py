"""Reconstruction error: where a branch cannot draw the face again."""

from __future__ import annotations

import torch
from torch import Tensor

from genconvit.models.base import Architecture, ModelOutput
from genconvit.nn.reconstruction import at_the_size_of


def reconstruction_errors(model: Architecture, faces: Tensor, output: ModelOutput) -> dict[str, Tensor]:
    """Give the mean over the colours of how far each reconstruction is from its face, at the face's size.

    A branch whose reconstruction counts nothing in a training (``reconstruction_weights``), as the original's ED
    branch, was not made to draw the face, so that its difference would say nothing: it is left out.

    Args:
        model: architecture that gave the output.
        faces: normalised faces, float [N, 3, s, s]; clips have no such error.
        output: output of the architecture for them.

    Returns:
        float [N, s, s] for each branch, as a share of the pixels' range: 1 is the way from black to white.
    """
    if faces.ndim != 4:
        return {}
    trained = [branch for branch, weight in model.reconstruction_weights().items() if weight > 0]
    std = torch.tensor(model.input_spec.std, device=faces.device).view(3, 1, 1)
    return {
        branch: ((at_the_size_of(faces, output.reconstructions[branch].detach()) - faces) * std).abs().mean(dim=1)
        for branch in trained
        if branch in output.reconstructions
    }
