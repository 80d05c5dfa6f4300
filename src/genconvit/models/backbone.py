"""A network of timm's alone: what the branches of GenConViT stand in front of, as a classifier of its own.

It is the first stage of training a V2 (``recipes/nano``), and what any architecture has to be better than.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt, model_validator
from torch import Tensor

from genconvit.models.base import Architecture, ArchitectureConfig, ModelOutput
from genconvit.nn.backbone import BackboneConfig
from genconvit.nn.branches import NUM_CLASSES, check_image_size


class BackboneModelConfig(ArchitectureConfig):
    """A network of timm's with two classes."""

    mode: Literal["backbone"] = "backbone"
    """Name of the only mode."""

    name: str = "convnext_tiny"
    """Name of the network, see ``genconvit.nn.BackboneConfig``."""

    image_size: PositiveInt = Field(default=224, le=1024)
    """Height and width of a face crop in pixels, a multiple of 32."""

    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the pooled features that a training drops."""

    drop_path: float = Field(default=0.0, ge=0, lt=1)
    """Share of residual blocks that a training skips, rising to this with depth."""

    @model_validator(mode="after")
    def _image_fits(self) -> BackboneModelConfig:
        check_image_size(self.image_size)
        self.backbone()
        return self

    def backbone(self) -> BackboneConfig:
        """The config of the network."""
        return BackboneConfig(name=self.name, num_classes=NUM_CLASSES, dropout=self.dropout, drop_path=self.drop_path)

    def build(self) -> BackboneModel:
        """Build the model, freshly initialised."""
        return BackboneModel(self)


class BackboneModel(Architecture):
    """Feature maps, pooled, to two logits."""

    config_class = BackboneModelConfig
    any_size = True
    config: BackboneModelConfig

    def __init__(self, config: BackboneModelConfig) -> None:
        super().__init__(config)
        self.config = config
        self.input_size = config.image_size
        self.backbone = config.backbone().build()
        self.mean, self.std = self.backbone.mean, self.backbone.std

    def forward(self, faces: Tensor) -> ModelOutput:
        """Logits [N, 2] of the branch ``"backbone"``, from normalised faces [N, 3, image_size, image_size]."""
        (logits,) = self.backbone.features(*self.backbone.maps(faces))
        return ModelOutput(logits={"backbone": logits})
