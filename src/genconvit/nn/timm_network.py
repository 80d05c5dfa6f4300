"""A network of timm's as a module of its own, which a training can start from ImageNet's weights or from a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from genconvit.core.compiler_later import compiler_later
from genconvit.core.config import did_you_mean
from genconvit.core.input_spec import Deviations, Means

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
    """

    def __init__(self, name: str, num_classes: int, options: Mapping[str, Any]) -> None:
        super().__init__()
        self.name = name
        self.num_classes = num_classes
        self.net = _created(name, num_classes, options)
        cfg = self.net.pretrained_cfg
        self.mean: Means = tuple(cfg["mean"])
        self.std: Deviations = tuple(cfg["std"])

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
