"""A network of timm's behind each branch, in two steps; the published one is a ConvNeXt (arXiv 2201.03545)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import timm
import torch
from pydantic import Field, PositiveInt, field_validator
from torch import Tensor, nn

from genconvit.config import FrozenConfig, did_you_mean

STRIDE = 32
"""Pixels of the image for one position of a feature map."""

_KNOWN_TO_FIT = ("convnext", "tf_efficientnet_lite")
"""How the names of the built-in sizes' backbones begin; they need no look."""


class BackboneConfig(FrozenConfig):
    """What a ``Backbone`` is made of.

    Attributes:
        name: a network of timm's whose last feature maps have a stride of 32, such as a ConvNeXt, an EfficientNet, a
            ResNet or a RegNet. One that takes images of a single size, as many transformers do, has none.
        num_classes: width of its head; the published weights keep ImageNet's 1000.
        dropout: share of the pooled features that a training drops before the head.
        drop_path: share of residual blocks that a training skips, rising to this with depth (arXiv 1603.09382).
    """

    name: str = "convnext_tiny"
    num_classes: PositiveInt = 1000
    dropout: float = Field(default=0.0, ge=0, lt=1)
    drop_path: float = Field(default=0.0, ge=0, lt=1)

    @field_validator("name")
    @classmethod
    def _gives_maps(cls, name: str) -> str:
        if not timm.is_model(name):
            raise ValueError(
                f"{name!r} is no network of timm's{did_you_mean(name, timm.list_models())}; timm.list_models() lists "
                "them, convnext_tiny is usual"
            )
        problem = _problem_of(name)
        if problem:
            raise ValueError(
                f"{name!r} cannot be a backbone: {problem}; one gives feature maps of stride {STRIDE} and has a head, "
                "as convnext_tiny, tf_efficientnet_lite0, resnet18 and regnety_002 do"
            )
        return name

    def build(self) -> Backbone:
        """Build the module."""
        return Backbone(self)


class Backbone(nn.Module):
    """A network of timm's in two steps: feature maps, then the head's vector, so that attention can act in between.

    Attributes:
        net: timm's network.
        map_dim: channels of its last feature maps.
        mean: of the pixels in [0, 1] that it takes as 0, for red, green and blue.
        std: what the difference to it is divided by.
    """

    stride = STRIDE

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        self.config = config
        drop = {"drop_rate": config.dropout, "drop_path_rate": config.drop_path}
        options: dict[str, Any] = {name: value for name, value in drop.items() if value}
        self.net: Any = timm.create_model(config.name, num_classes=config.num_classes, pretrained=False, **options)
        self.map_dim: int = self.net.num_features
        self.mean, self.std = (tuple(self.net.pretrained_cfg[key]) for key in ("mean", "std"))

    @property
    def classifier(self) -> str:
        """How the names of the head's last layer begin in timm's network, which is another for other classes."""
        return f"{self.net.pretrained_cfg['classifier']}."

    def maps(self, *images: Tensor) -> tuple[Tensor, ...]:
        """The last feature maps ``n map_dim h/32 w/32`` of image batches ``n 3 h w``, equal sizes in one call."""
        return _in_one_call(self.net.forward_features, images)

    def features(self, *maps: Tensor) -> tuple[Tensor, ...]:
        """Pool feature maps ``n map_dim h w`` and apply the head: ``n num_classes`` each."""
        return tuple(self.net.forward_head(batch) for batch in maps)


@cache
def _problem_of(name: str) -> str | None:
    """Why a network of timm's gives no maps that a branch can use; None where it does. Nothing is computed for it."""
    if name.startswith(_KNOWN_TO_FIT):
        return None
    try:
        with torch.device("meta"):
            net: Any = timm.create_model(name, num_classes=2)
            maps, wide = net.eval().forward_features(torch.zeros(1, 3, 2 * STRIDE, 3 * STRIDE)), net.num_features
            head = net.forward_head(maps)
    except Exception as error:  # whatever a network of another kind comes up with
        return f"it does not take images of any size ({type(error).__name__}: {str(error).splitlines()[0][:120]})"
    if not isinstance(net.pretrained_cfg["classifier"], str):
        return "it has more than one head"
    if tuple(maps.shape) != (1, wide, 2, 3) or tuple(head.shape) != (1, 2):
        return f"an image of 64 x 96 becomes maps of {tuple(maps.shape)} and {tuple(head.shape)} logits"
    return None


def _in_one_call(function: Callable[[Tensor], Tensor], batches: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    if len({batch.shape for batch in batches}) > 1:
        return tuple(function(batch) for batch in batches)
    return tuple(function(torch.cat(batches)).chunk(len(batches)))
