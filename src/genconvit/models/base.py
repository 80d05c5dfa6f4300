"""The contract of an architecture: a config, an input, and logits for each branch.

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
from genconvit.core.input_spec import InputSpec
from genconvit.nn.cross_attention import AttentionLayer
from genconvit.nn.feature_layer import FeatureLayer


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
    """The answer of an architecture for N faces, or N clips.

    Attributes:
        logits: for each branch [N, 2]; index 0 is fake, 1 is real.
        reconstructions: for each branch that has one [N, 3, h, w], for the training's losses.
        kl: the KL term of a variational branch, or None.
    """

    logits: Mapping[str, Tensor]
    reconstructions: Mapping[str, Tensor] = field(default_factory=dict)
    kl: Tensor | None = None


class Architecture(nn.Module, ABC):
    """A network from face crops, or from clips of them, to logits.

    Attributes:
        config_class: the config that builds it.
        default_weights: meaning of ``weights=None`` where no weights ship with the library for a config:
            ``"published"``, or None where weights must be named.
        check_options: options with which ``genconvit plugins --run`` builds it; a small network makes that quick.
        config: the config it was built from.
        input_spec: the way in which its faces are cut, put together and normalised.
        any_size: True where it takes faces of any multiple of 32, and ``input_size`` is only the usual one.
    """

    config_class: ClassVar[type[ArchitectureConfig]]
    default_weights: ClassVar[str | None] = None
    check_options: ClassVar[Mapping[str, object]] = {}

    config: ArchitectureConfig
    input_spec: InputSpec
    any_size: bool = False

    @abstractmethod
    def __init__(self, config: ArchitectureConfig) -> None:
        super().__init__()

    @property
    def input_size(self) -> int:
        """Height and width of a face crop in pixels."""
        return self.input_spec.size

    @abstractmethod
    def forward(self, faces: Tensor) -> ModelOutput:
        """Score preprocessed faces [N, 3, size, size], or clips [N, frames, 3, size, size]."""

    def reconstruction_weights(self) -> Mapping[str, float]:
        """The weight of each branch's reconstruction error in a training, where nobody names another; none by default.

        The error is the mean squared difference of the reconstruction that ``forward`` gives from the normalised face.
        """
        return {}

    def feature_layers(self) -> Mapping[str, FeatureLayer]:
        """The layer of each branch's last feature maps, for heat maps; none by default, and then there are none."""
        return {}

    def attention_layers(self) -> Mapping[str, AttentionLayer]:
        """The layers that attend to positions of the face, by a name for each; none by default."""
        return {}

    def preprocess(self, faces: Tensor) -> Tensor:
        """Map uint8 RGB crops [..., size, size, 3] to float32 [..., 3, size, size], as ``input_spec`` says."""
        spec = self.input_spec
        images = faces.movedim(-1, -3).float().div(255)
        if spec.colour_order == "bgr":
            images = images.flip(-3)
        mean = torch.tensor(spec.mean, device=faces.device).view(3, 1, 1)
        std = torch.tensor(spec.std, device=faces.device).view(3, 1, 1)
        return (images - mean) / std
