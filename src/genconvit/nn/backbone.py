"""The ConvNeXt behind each branch (Liu et al., "A ConvNet for the 2020s", arXiv 2201.03545), as timm builds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, cast

import timm
import torch
from pydantic import PositiveFloat, PositiveInt, field_validator
from timm.models.convnext import ConvNeXt
from torch import Tensor, nn

from genconvit.config import FrozenConfig


class BackboneConfig(FrozenConfig):
    """What a ``Backbone`` is made of.

    Attributes:
        name: a ConvNeXt of timm's.
        num_classes: width of its head; the published weights keep ImageNet's 1000.
        norm: ``"own"`` is the model's own; ``"layer"`` the LayerNorm of ConvNeXt in place of it, for timm's smallest
            ones, whose RMS norm takes a CPU a third longer.
        layer_scale: what each block's share in its sum starts at, where nothing is loaded; None is timm's own, which is
            for deep networks and long trainings. A small one learns sooner with more.
    """

    name: str = "convnext_tiny"
    num_classes: PositiveInt = 1000
    norm: Literal["own", "layer"] = "own"
    layer_scale: PositiveFloat | None = None

    @field_validator("name")
    @classmethod
    def _is_a_convnext(cls, name: str) -> str:
        if not (name.startswith("convnext") and timm.is_model(name)):
            raise ValueError(
                f"{name!r} is no ConvNeXt of timm's; timm.list_models('convnext*') lists them, convnext_tiny is usual"
            )
        return name

    def build(self) -> Backbone:
        """Build the module."""
        return Backbone(self)


class Backbone(nn.Module):
    """A ConvNeXt in two steps: feature maps, then the head's vector, so that attention can act in between."""

    stride = 32
    """Pixels of the image for one position of a feature map."""

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        self.config = config
        options: dict[str, Any] = {"norm_layer": "layernorm", "conv_mlp": False} if config.norm == "layer" else {}
        options |= {"ls_init_value": config.layer_scale} if config.layer_scale is not None else {}
        net = timm.create_model(config.name, num_classes=config.num_classes, pretrained=False, **options)
        self.net = cast("ConvNeXt", net)
        self.map_dim = self.net.num_features

    def maps(self, *images: Tensor) -> tuple[Tensor, ...]:
        """The last feature maps ``n map_dim h/32 w/32`` of image batches ``n 3 h w``, equal sizes in one call."""
        return _in_one_call(self.net.forward_features, images)

    def features(self, *maps: Tensor) -> tuple[Tensor, ...]:
        """Pool feature maps ``n map_dim h w`` and apply the head: ``n num_classes`` each."""
        return tuple(self.net.forward_head(batch) for batch in maps)


def _in_one_call(function: Callable[[Tensor], Tensor], batches: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    if len({batch.shape for batch in batches}) > 1:
        return tuple(function(batch) for batch in batches)
    return tuple(function(torch.cat(batches)).chunk(len(batches)))
