"""Bare calls of timm's networks: what no code around the backbones can undercut."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import timm
import torch
from torch import Tensor, nn

from genconvit.models.base import ArchitectureConfig
from genconvit.models.generative import SIZES, GenerativeConfig
from genconvit.nn.channels_last import images_in_channels_last, network_in_channels_last
from genconvit.pipeline.scorer import Scorer
from genconvit.pipeline.torch_network import TorchNetwork
from genconvit.registry import ARCHITECTURES
from genconvit.results.provenance import Provenance
from genconvit.weights.load import parse_config

_Size = tuple[int, int]


def backbone_calls(
    scorer: Scorer, config: ArchitectureConfig, faces: Sequence[int], *, compiled: bool = False
) -> Callable[[], object] | None:
    """A function that runs bare backbones in PyTorch, of the sizes and numbers of images that so many faces take.

    None for an architecture that is not of GenConViT's family. The precision is the scorer's, or fp32 where another
    runtime than PyTorch runs its network.

    Args:
        scorer: scorer that the calls stand beside.
        config: config of its architecture.
        faces: number of faces of each source.
        compiled: run them through ``torch.compile``, for each size of a batch by itself.
    """
    if not isinstance(config, GenerativeConfig):
        return None
    runner = scorer.network
    device = torch.device(runner.device)
    dtype = runner.dtype if isinstance(runner, TorchNetwork) else torch.float32
    backbone: nn.Module = timm.create_model(SIZES[config.size].backbone).eval().requires_grad_(False)
    backbone = network_in_channels_last(backbone.to(device=device, dtype=dtype))
    call: Callable[[Tensor], object] = torch.compile(backbone, dynamic=False) if compiled else backbone
    shapes = _shapes(config, faces, scorer.batch_size)
    images = {(count, side): _noise((count, 3, *side), device, dtype) for count, side in set(shapes)}

    @torch.inference_mode()
    def run() -> None:
        for shape in shapes:
            call(images[shape])
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    return run


def config_of(provenance: Provenance) -> ArchitectureConfig:
    """The config of the architecture that a detector's results say they come from."""
    name = provenance.architecture
    return parse_config(name, ARCHITECTURES.load(name), provenance.config)


def _shapes(config: GenerativeConfig, faces: Sequence[int], batch_size: int) -> list[tuple[int, _Size]]:
    """Give the number of images and their size for each call of a backbone."""
    batches = [min(batch_size, count - start) for count in faces for start in range(0, count, batch_size)]
    return [
        (share * batch, side)
        for batch in batches
        for network in config.networks
        for share, side in _inputs(config, network)
    ]


def _inputs(config: GenerativeConfig, network: str) -> list[tuple[int, _Size]]:
    """Give the number of images, their height and width, that each call of a branch's backbone takes for a face."""
    whole = (config.input_size, config.input_size)
    if network == "ed":
        return [(2, whole)]
    reconstruction = config.vae_branch(negative_slope=0, head_negative_slope=0).vae.reconstruction_size
    return [(2, whole)] if reconstruction == whole else [(1, whole), (1, reconstruction)]


def _noise(shape: tuple[int, ...], device: torch.device, dtype: torch.dtype) -> Tensor:
    return images_in_channels_last(torch.randn(*shape, device=device, dtype=dtype))
