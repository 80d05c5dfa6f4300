"""The contract of an architecture: a config, a preprocessing, and logits for each branch.

A third party derives from ``Architecture``, names its config class, and declares one entry point in the group
``genconvit.architectures``. ``docs/plugins.md`` shows a whole one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor, nn

from genconvit.core.config import FrozenConfig

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class ArchitectureConfig(FrozenConfig):
    """Base of an architecture's config: everything that is needed to rebuild the model, and nothing else.

    A subclass may narrow ``mode`` to a ``Literal``.
    """

    prediction_only: ClassVar[frozenset[str]] = frozenset()
    """Fields of which trained weights know nothing, so that they may be chosen anew."""

    mode: str
    """Mode of the architecture, such as which of its branches run; a subclass names the choices."""

    @property
    def embedded(self) -> str | None:
        """The name of the weights that ship with the library for this config; None where there are none."""
        return None


@dataclass(frozen=True, eq=False)
class ModelOutput:
    """What an architecture returns for N faces.

    Attributes:
        logits: for each branch [N, 2]; index 0 is fake, 1 is real.
        reconstructions: for each branch that has one [N, 3, h, w], for the training's losses.
        kl: the KL term of a variational branch, or None.
    """

    logits: Mapping[str, Tensor]
    reconstructions: Mapping[str, Tensor] = field(default_factory=dict)
    kl: Tensor | None = None


class Architecture(nn.Module, ABC):
    """A network from face crops to logits.

    Attributes:
        config_class: the config that builds it.
        default_weights: what ``weights=None`` means where no weights ship with the library for a config:
            ``"published"``, or None where weights must be named.
        check_options: options with which ``genconvit plugins --run`` builds it; a small network makes that quick.
        config: the config it was built from.
        input_size: height and width of a face crop in pixels.
        any_size: whether it takes faces of any multiple of 32, and ``input_size`` is only the usual one.
        mean: of the pixels in [0, 1] that the network takes as 0, for red, green and blue; ImageNet's by default.
        std: what the difference to it is divided by; likewise.
    """

    config_class: ClassVar[type[ArchitectureConfig]]
    default_weights: ClassVar[str | None] = None
    check_options: ClassVar[Mapping[str, object]] = {}

    config: ArchitectureConfig
    input_size: int
    any_size: bool = False
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD

    @abstractmethod
    def __init__(self, config: ArchitectureConfig) -> None:
        super().__init__()

    @abstractmethod
    def forward(self, faces: Tensor) -> ModelOutput:
        """Score preprocessed faces [N, 3, input_size, input_size]."""

    def reconstruction_weights(self) -> Mapping[str, float]:
        """The weight of each branch's reconstruction error in a training, where nobody names another; none by default.

        The error is the mean squared difference of the reconstruction that ``forward`` gives from the normalised face.
        """
        return {}

    def preprocess(self, faces: Tensor) -> Tensor:
        """Map uint8 RGB crops [N, size, size, 3] to float32 [N, 3, size, size], normalised by ``mean`` and ``std``."""
        images = faces.permute(0, 3, 1, 2).float().div(255)
        mean = torch.tensor(self.mean, device=faces.device).view(3, 1, 1)
        std = torch.tensor(self.std, device=faces.device).view(3, 1, 1)
        return (images - mean) / std
