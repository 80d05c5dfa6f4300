"""The model behind a network that another runtime runs, in PyTorch, where gradients are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genconvit.core.errors import ConfigError, WeightsError
from genconvit.models.base import Architecture
from genconvit.results.provenance import WeightsInfo
from genconvit.runtimes.exported import exported_path
from genconvit.weights.load import load_model


def model_in_torch(
    name: str,
    cls: type[Architecture],
    options: Mapping[str, Any],
    weights: str | dict[str, str] | None,
    info: WeightsInfo,
) -> Architecture:
    """Load the model that an exported network was made from, in float32 on the CPU.

    Args:
        name: registered name of the architecture.
        cls: class of the architecture.
        options: fields of the architecture's config.
        weights: source of the weights; None is the architecture's default.
        info: origin of the weights that the network has.

    Raises:
        ConfigError: the weights are an exported file, which PyTorch cannot load.
        WeightsError: the weights cannot be had, read, or do not fit, or are others than the network has.
    """
    path = exported_path(weights)
    if path is not None:
        raise ConfigError(
            f"heat maps need gradients, and {path} holds a network without them; use the weights that it was exported "
            "from (weights='PATH.safetensors')"
        )
    loaded = load_model(name, cls, options, weights)
    if loaded.info.files != info.files:
        raise WeightsError(
            f"the weights have changed since this detector was made: they were {_named(info)}, and are "
            f"{_named(loaded.info)}; make a new one"
        )
    return loaded.model.float()


def _named(info: WeightsInfo) -> str:
    return " and ".join(f"{file.name} (SHA-256 {file.sha256})" for file in info.files) or info.origin
