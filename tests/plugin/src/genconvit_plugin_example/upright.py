"""The whole head, turned until its eyes are level, through a small network of timm's that takes BGR from -1 to 1."""

from __future__ import annotations

from typing import Literal

from pydantic import PositiveInt
from torch import Tensor

from genconvit import Architecture, ArchitectureConfig, FeatureLayer, InputSpec, ModelOutput
from genconvit.nn.timm_network import TimmNetwork

__all__ = ["Upright", "UprightConfig"]


class UprightConfig(ArchitectureConfig):
    """Config of an :class:`Upright`."""

    mode: Literal["upright"] = "upright"
    """Name of the only mode."""

    image_size: PositiveInt = 64
    """Height and width of a face crop in pixels."""


class Upright(Architecture):
    """A head, seen upright."""

    config_class = UprightConfig
    config: UprightConfig

    def __init__(self, config: UprightConfig) -> None:
        super().__init__(config)
        self.config = config
        self.input_spec = InputSpec(
            size=config.image_size,
            scale=1.5,
            shift_down=-0.125,
            aligned=True,
            colour_order="bgr",
            mean=(0.5, 0.5, 0.5),
            std=(0.5, 0.5, 0.5),
        )
        self.network = TimmNetwork("test_resnet", 2, {})

    def forward(self, faces: Tensor) -> ModelOutput:
        """Logits [N, 2] of branch ``"upright"``, from normalised faces [N, 3, image_size, image_size]."""
        return ModelOutput(logits={"upright": self.network(faces)})

    def feature_layers(self) -> dict[str, FeatureLayer]:
        """What the network's head sees."""
        return {"upright": self.network.feature_layer()}
