"""A face and its mirror image go through one ED branch, and a SwiGLU fusion compares what it saw."""

from __future__ import annotations

from typing import Literal

from pydantic import PositiveInt
from torch import Tensor, nn

from genconvit import Architecture, ArchitectureConfig, FeatureLayer, InputSpec, ModelOutput
from genconvit.nn.autoencoder import AutoencoderConfig
from genconvit.nn.backbone import BackboneConfig
from genconvit.nn.branches import HIDDEN_DIM, EDBranchConfig
from genconvit.nn.swiglu import SwiGLUFusionConfig

__all__ = ["Siamese", "SiameseConfig"]


class SiameseConfig(ArchitectureConfig):
    """Config of a :class:`Siamese`."""

    mode: Literal["siamese"] = "siamese"
    """Name of the only mode."""

    branch: EDBranchConfig = EDBranchConfig(
        image_size=96,
        autoencoder=AutoencoderConfig(channels=(8, 16, 32)),
        backbone=BackboneConfig(name="convnext_atto", num_classes=64),
    )
    """Config of the branch that sees both images; a small one, so that a trial takes no time."""

    fusion_dim: PositiveInt = 128
    """Width of the fusion's gated layer."""


class Siamese(Architecture):
    """Two views of a face, one set of weights."""

    config_class = SiameseConfig
    config: SiameseConfig

    def __init__(self, config: SiameseConfig) -> None:
        super().__init__(config)
        self.config = config
        self.input_spec = InputSpec(size=config.branch.image_size)
        self.branch = config.branch.build()
        self.compare = SwiGLUFusionConfig(
            dims=(HIDDEN_DIM, HIDDEN_DIM), hidden_dim=config.fusion_dim, out_dim=HIDDEN_DIM
        ).build()
        self.face_maps = nn.Identity()

    def forward(self, faces: Tensor) -> ModelOutput:
        """Logits [N, 2] of branch ``"siamese"``, from normalised faces [N, 3, image_size, image_size]."""
        face, mirrored = self.branch.read(faces), self.branch.read(faces.flip(-1))
        drawn, seen = face.maps
        maps = drawn, self.face_maps(seen)
        hidden = self.compare(self.branch.hidden(maps), self.branch.hidden(mirrored.maps))
        return ModelOutput(
            logits={"siamese": self.branch.classify(hidden)},
            reconstructions={"siamese": face.reconstruction},
        )

    def feature_layers(self) -> dict[str, FeatureLayer]:
        """The maps of the face itself; those of its mirror image come by the same backbone and are not among them."""
        return {"siamese": FeatureLayer(self.face_maps)}
