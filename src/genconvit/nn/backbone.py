"""A network of timm's behind each branch, in two steps; the published one is a ConvNeXt (arXiv 2201.03545)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from pydantic import Field, PositiveInt, model_validator
from torch import Tensor

from genconvit.core.config import FrozenConfig
from genconvit.core.text import first_line
from genconvit.nn.timm_network import TimmNetwork, check_name, drop_rates

STRIDE = 32
"""Pixels of the image for one position of a feature map."""

_KNOWN_TO_FIT = ("convnext", "tf_efficientnet_lite")
"""Beginnings of the names of the built-in sizes' backbones. They are not looked at, for that takes a second; a test
is."""


class BackboneConfig(FrozenConfig):
    """Config of a ``Backbone``."""

    name: str = "convnext_tiny"
    """A network of timm's whose last feature maps have a stride of 32, such as a ConvNeXt, an EfficientNet, a ResNet or
    a RegNet. One that takes images of a single size, as many transformers do, is refused."""

    num_classes: PositiveInt = 1000
    """Width of its head; the published weights keep ImageNet's 1000."""

    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the pooled features that a training drops before the head."""

    drop_path: float = Field(default=0.0, ge=0, lt=1)
    """Share of residual blocks that a training skips, rising to this with depth (arXiv 1603.09382)."""

    @model_validator(mode="after")
    def _gives_maps(self) -> BackboneConfig:
        name = self.name
        check_name(name)
        problem = _problem_of(name, tuple(self.drop_rates))
        if problem:
            raise ValueError(
                f"{name!r} cannot be a backbone: {problem}; one gives feature maps of stride {STRIDE} and has a head, "
                "as convnext_tiny, tf_efficientnet_lite0, resnet18 and regnety_002 do"
            )
        return self

    @property
    def drop_rates(self) -> dict[str, float]:
        """Arguments of timm for ``dropout`` and ``drop_path``."""
        return drop_rates(self.dropout, self.drop_path)

    def build(self) -> Backbone:
        """Build the module."""
        return Backbone(self)


class Backbone(TimmNetwork):
    """A network of timm's in two steps: feature maps, then the head's vector, so that attention can act in between.

    Attributes:
        map_dim: channels of its last feature maps.
    """

    stride = STRIDE

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__(config.name, config.num_classes, config.drop_rates)
        self.config = config
        self.map_dim: int = self.net.num_features

    def maps(self, *images: Tensor) -> tuple[Tensor, ...]:
        """The last feature maps ``n map_dim h/32 w/32`` of image batches ``n 3 h w``, equal sizes in one call."""
        return _in_one_call(self.net.forward_features, images)

    def features(self, *maps: Tensor) -> tuple[Tensor, ...]:
        """Pool feature maps ``n map_dim h w`` and apply the head: ``n num_classes`` each."""
        return tuple(self.net.forward_head(batch) for batch in maps)


@cache
def _problem_of(name: str, rates: tuple[str, ...]) -> str | None:
    """Say why a network of timm's is no backbone; None where it is one.

    It is built without memory, and computes nothing.

    Args:
        name: name of the network.
        rates: options that it has to take.
    """
    if name.startswith(_KNOWN_TO_FIT):
        return None
    try:
        with torch.device("meta"):
            net = TimmNetwork(name, 2, dict.fromkeys(rates, 0.1)).net
            maps, wide = net.eval().forward_features(torch.zeros(1, 3, 2 * STRIDE, 3 * STRIDE)), net.num_features
            head = net.forward_head(maps)
    except Exception as error:  # whatever a network of another kind comes up with
        return f"no image of 64 x 96 pixels goes through it ({type(error).__name__}: {first_line(error)[:120]})"
    if not isinstance(net.pretrained_cfg["classifier"], str):
        return "it has more than one head"
    if tuple(maps.shape) != (1, wide, 2, 3) or tuple(head.shape) != (1, 2):
        return f"an image of 64 x 96 pixels becomes maps of {tuple(maps.shape)} and {tuple(head.shape)} logits"
    return None


def _in_one_call(function: Callable[[Tensor], Tensor], batches: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    if any(batch.shape != batches[0].shape for batch in batches):
        return tuple(function(batch) for batch in batches)
    joined = function(torch.cat(batches))
    return joined.reshape(len(batches), batches[0].shape[0], *joined.shape[1:]).unbind()
