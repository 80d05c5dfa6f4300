"""A network of timm's as a module of its own, which a training can start from ImageNet's weights or from a file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from einops import rearrange
from torch import Tensor, nn

from genconvit.core.compiler_later import compiler_later
from genconvit.core.config import did_you_mean
from genconvit.core.errors import ConfigError
from genconvit.core.input_spec import Deviations, Means
from genconvit.nn.feature_layer import FeatureLayer

_NO_MAPS = "there are no heat maps of it: take another network, such as convnext_tiny"

with compiler_later():
    import timm


class TimmNetwork(nn.Module):
    """A network of timm's with a head of so many classes, freshly initialised.

    Args:
        name: name of the network in timm.
        num_classes: width of its head.
        options: more of ``timm.create_model``'s, such as ``drop_rate``.

    Attributes:
        name: name of the network in timm.
        num_classes: width of its head.
        net: timm's network.
        mean: mean that it takes as 0, of the pixels in [0, 1], for red, green and blue.
        std: divisor of the difference to it.
        last_features: layer that timm's features go through on their way to timm's head.
    """

    def __init__(self, name: str, num_classes: int, options: Mapping[str, Any]) -> None:
        super().__init__()
        self.name = name
        self.num_classes = num_classes
        self.net = _created(name, num_classes, options)
        self.last_features = nn.Identity()
        cfg = self.net.pretrained_cfg
        self.mean: Means = tuple(cfg["mean"])
        self.std: Deviations = tuple(cfg["std"])

    def forward(self, images: Tensor) -> Tensor:
        """Map images ``n 3 h w`` to what the head gives, ``n num_classes``."""
        found: Tensor = self.net.forward_head(self.last_features(self.net.forward_features(images)))
        return found

    def feature_layer(self) -> FeatureLayer:
        """The layer of the last feature maps, for heat maps.

        That is what timm's head sees. A transformer whose head sees the class token alone has no use there for the
        tokens of positions, so it is the last block's first normalisation, from which that token still reads them.

        Raises:
            ConfigError: the head sees a class token, and the network has no such block.
        """
        if getattr(self.net, "global_pool", None) != "token":
            return FeatureLayer(self.last_features, self._to_maps)
        try:
            return FeatureLayer(self.net.blocks[-1].norm1, self._to_maps)
        except (AttributeError, IndexError, TypeError) as error:
            raise ConfigError(f"{self.name} has a class token and no blocks[-1].norm1; {_NO_MAPS}") from error

    def _to_maps(self, features: Tensor) -> Tensor:
        """Bring maps of either layout, or the tokens of a square grid behind as many others as timm says, to maps."""
        if features.ndim == 4:
            is_last = getattr(self.net, "output_fmt", "NCHW") == "NHWC"
            return features.movedim(-1, 1) if is_last else features
        if features.ndim == 3:
            for others in (getattr(self.net, "num_prefix_tokens", None) or 0, 0):
                side = math.isqrt(max(features.shape[1] - others, 0))
                if side and side * side == features.shape[1] - others:
                    return rearrange(features[:, others:], "n (h w) c -> n c h w", h=side)
        raise ConfigError(
            f"{self.name} gives features of the shape {tuple(features.shape)}, which are no maps; {_NO_MAPS}"
        )

    @property
    def classifier(self) -> str:
        """Beginnings of the names of the head's last layer in timm's network, which is another for other classes."""
        return f"{self.net.pretrained_cfg['classifier']}."


def _created(name: str, num_classes: int, options: Mapping[str, Any]) -> Any:  # noqa: ANN401 - timm has many kinds
    return timm.create_model(name, num_classes=num_classes, pretrained=False, **options)


def check_name(name: str) -> None:
    """Make sure that timm has a network of this name.

    Raises:
        ValueError: it has none; the message names the nearest.
    """
    if not timm.is_model(name):
        raise ValueError(
            f"{name!r} is no network of timm's{did_you_mean(name, timm.list_models())}; timm.list_models() lists "
            "them, convnext_tiny is usual"
        )


def drop_rates(dropout: float, drop_path: float) -> dict[str, float]:
    """Give timm's arguments for dropout and stochastic depth: nothing of what is off, which some networks lack."""
    rates = {"drop_rate": dropout, "drop_path_rate": drop_path}
    return {name: rate for name, rate in rates.items() if rate}
