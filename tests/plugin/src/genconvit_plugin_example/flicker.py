"""Eight faces of one person at a time: what changes from each to the next."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt
from torch import Tensor, nn
from torch.nn import functional

from genconvit import Architecture, ArchitectureConfig, FeatureLayer, InputSpec, ModelOutput

__all__ = ["Flicker", "FlickerConfig"]


class FlickerConfig(ArchitectureConfig):
    """Config of a :class:`Flicker`."""

    mode: Literal["flicker"] = "flicker"
    """Name of the only mode."""

    image_size: PositiveInt = 32
    """Height and width of a face crop in pixels."""

    clip_frames: int = Field(default=8, ge=4, le=64)
    """Number of faces in a clip."""


class Flicker(Architecture):
    """Patches of three faces in a row, and how much they differ from those of the next three."""

    config_class = FlickerConfig
    config: FlickerConfig

    def __init__(self, config: FlickerConfig) -> None:
        super().__init__(config)
        self.config = config
        self.input_spec = InputSpec(size=config.image_size, frames=config.clip_frames)
        self.patches = nn.Conv3d(3, 16, kernel_size=(3, 8, 8), stride=(1, 8, 8))
        self.head = nn.Linear(16, 2)

    def forward(self, clips: Tensor) -> ModelOutput:
        """Logits [N, 2] of branch ``"flicker"``, from normalised clips [N, frames, 3, image_size, image_size]."""
        patches = self.patches(clips.transpose(1, 2)).relu()
        change = patches.diff(dim=2).abs().mean(dim=(2, 3, 4))
        return ModelOutput(logits={"flicker": self.head(change)})

    def feature_layers(self) -> dict[str, FeatureLayer]:
        """The patches: those of three faces are shown on the middle one, so that the first and the last have none."""
        return {"flicker": FeatureLayer(self.patches, lambda patches: functional.pad(patches, (0, 0, 0, 0, 1, 1)))}
