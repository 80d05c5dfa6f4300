"""Bare calls of timm's networks: what no code around the backbones can undercut."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import timm
import torch
from torch import Tensor, nn

from genconvit.models.generative import SIZES, GenerativeConfig, GenerativeModel
from genconvit.nn.channels_last import images_in_channels_last, network_in_channels_last
from genconvit.pipeline.scorer import Scorer
from genconvit.pipeline.torch_network import TorchNetwork

_Size = tuple[int, int]


def backbone_calls(scorer: Scorer, faces: Sequence[int], *, compiled: bool = False) -> Callable[[], object] | None:
    """A function that runs bare backbones of the sizes, numbers of images and precision that so many faces take.

    None for an architecture that is not of GenConViT's family, and for a network that PyTorch does not run.

    Args:
        scorer: scorer that the calls stand beside.
        faces: number of faces of each source.
        compiled: run them through ``torch.compile``, for each size of a batch by itself.
    """
    runner = scorer.network
    if not (isinstance(runner, TorchNetwork) and isinstance(runner.model, GenerativeModel)):
        return None
    model = runner.model
    backbone: nn.Module = timm.create_model(SIZES[model.config.size].backbone).eval().requires_grad_(False)
    backbone = network_in_channels_last(backbone.to(device=runner.device, dtype=runner.dtype))
    call: Callable[[Tensor], object] = torch.compile(backbone, dynamic=False) if compiled else backbone
    size = scorer.batch_size
    batches = [min(size, count - start) for count in faces for start in range(0, count, size)]
    shapes = [
        (share * batch, side)
        for batch in batches
        for network in model.config.networks
        for share, side in _inputs(model.config, network)
    ]
    images = {(count, side): _noise(runner, count, side) for count, side in set(shapes)}

    @torch.inference_mode()
    def run() -> None:
        for shape in shapes:
            call(images[shape])
        if runner.device.type == "cuda":
            torch.cuda.synchronize(runner.device)

    return run


def _inputs(config: GenerativeConfig, network: str) -> list[tuple[int, _Size]]:
    """Give the number of images, their height and width, that each call of a branch's backbone takes for a face."""
    whole = (config.input_size, config.input_size)
    if network == "ed":
        return [(2, whole)]
    reconstruction = config.vae_branch(negative_slope=0, head_negative_slope=0).vae.reconstruction_size
    return [(2, whole)] if reconstruction == whole else [(1, whole), (1, reconstruction)]


def _noise(runner: TorchNetwork, count: int, size: _Size) -> Tensor:
    images = torch.randn(count, 3, *size, device=runner.device, dtype=runner.dtype)
    return images_in_channels_last(images)
