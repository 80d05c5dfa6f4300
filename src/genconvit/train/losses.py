"""Loss that a training makes small, from what an architecture returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor
from torch.nn import functional

from genconvit.models.base import Architecture, ModelOutput
from genconvit.nn.reconstruction import at_the_size_of
from genconvit.train.config import TrainConfig


@dataclass(frozen=True)
class LossWeights:
    """Weights of the parts of the loss.

    Attributes:
        reconstruction: weight of each branch's reconstruction error, by its name; a branch that is not named counts
            nothing.
        kl: weight of the KL term.
        label_smoothing: share of each label that is spread over both classes, in [0, 1).
    """

    reconstruction: Mapping[str, float] = field(default_factory=dict)
    kl: float = 0.0
    label_smoothing: float = 0.0


def training_loss(output: ModelOutput, faces: Tensor, labels: Tensor, loss_weights: LossWeights) -> dict[str, Tensor]:
    """The parts of the loss, weighted; the loss is their sum.

    Each branch has a cross-entropy of its own and they are added, so that training two independent branches at once
    is the training of each. A reconstruction is compared with the normalised face, at the size of the face.

    Args:
        output: output for N faces, in any precision; everything here is computed in float32.
        faces: float [N, 3, s, s], normalised as the architecture sees them.
        labels: int64 [N], 0 for fake and 1 for real, as the logits' columns.
        loss_weights: weight of each part. A part of weight zero is left out.

    Returns:
        Scalars: ``classification``, ``reconstruction_<branch>``, ``kl``.
    """
    parts = {
        "classification": sum(
            (
                functional.cross_entropy(logits.float(), labels, label_smoothing=loss_weights.label_smoothing)
                for logits in output.logits.values()
            ),
            start=faces.new_zeros(()),
        )
    }
    for branch, reconstruction in output.reconstructions.items():
        weight = loss_weights.reconstruction.get(branch, 0.0)
        if weight:
            parts[f"reconstruction_{branch}"] = weight * reconstruction_error(reconstruction, faces)
    if loss_weights.kl and output.kl is not None:
        parts["kl"] = loss_weights.kl * output.kl.float()
    return parts


def reconstruction_error(reconstruction: Tensor, faces: Tensor) -> Tensor:
    """The mean squared error of a reconstruction [N, 3, h, w], resized to that of the faces [N, 3, s, s]."""
    return functional.mse_loss(at_the_size_of(faces, reconstruction), faces)


def loss_weights_of(config: TrainConfig, model: Architecture) -> LossWeights:
    """The weights of the parts of the loss: a config's, or where it names none the model's own."""
    given = {"ed": config.reconstruction_ed, "vae": config.reconstruction_vae}
    reconstruction = {
        branch: own if (weight := given.get(branch)) is None else weight
        for branch, own in model.reconstruction_weights().items()
    }
    return LossWeights(reconstruction, config.kl_weight, config.label_smoothing)
