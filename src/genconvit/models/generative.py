"""What the architectures of the GenConViT family share: the two branches, their sizes, and the latent's choice."""

from __future__ import annotations

from typing import Literal, cast

from pydantic import Field
from torch import Tensor, nn

from genconvit.models.base import Architecture, ArchitectureConfig, ModelOutput, Network
from genconvit.nn.autoencoder import AutoencoderConfig
from genconvit.nn.backbone import BackboneConfig
from genconvit.nn.branches import Branch, EDBranchConfig, Reading, VAEBranchConfig
from genconvit.nn.vae import Latent, VAEConfig

NETWORKS: tuple[Network, ...] = ("ed", "vae")


class GenerativeConfig(ArchitectureConfig):
    """What the family's configs share.

    Attributes:
        mode: which branches run; a subclass names the choices.
        size: of both backbones, ``convnext_tiny`` or ``convnext_large``. Published weights are ``tiny``.
        latent: the noise of the VAE branch at prediction time: ``"shared"`` is one vector for every face, so that a
            score never depends on the batch or the run; ``"mean"`` none; ``"random"`` fresh, as in the reference.
        latent_seed: seed of the shared noise.
        variational: build ``var`` too, which only the KL term of a training needs.
    """

    size: Literal["tiny", "large"] = "tiny"
    latent: Latent = "shared"
    latent_seed: int = Field(default=0, ge=0, lt=1 << 63)
    variational: bool = False

    @property
    def networks(self) -> tuple[Network, ...]:
        """The branches that the mode runs."""
        return tuple(network for network in NETWORKS if self.mode not in NETWORKS or self.mode == network)

    @property
    def unpublished(self) -> str | None:
        """Only size ``tiny`` is published."""
        return None if self.size == "tiny" else f"no weights are published for size {self.size!r}, only for 'tiny'"

    @property
    def map_dim(self) -> int:
        """Channels of the backbones' last feature maps."""
        return {"tiny": 768, "large": 1536}[self.size]

    @property
    def image_size(self) -> int:
        """Height and width of a face crop in pixels."""
        return 224

    def ed_branch(self, *, negative_slope: float) -> EDBranchConfig:
        """The config of the ED branch."""
        return EDBranchConfig(
            image_size=self.image_size,
            autoencoder=AutoencoderConfig(negative_slope=negative_slope),
            backbone=self._backbone(),
        )

    def vae_branch(self, *, negative_slope: float, head_negative_slope: float) -> VAEBranchConfig:
        """The config of the VAE branch."""
        vae = VAEConfig(
            image_size=self.image_size,
            negative_slope=negative_slope,
            variational=self.variational,
            latent=self.latent,
            latent_seed=self.latent_seed,
        )
        return VAEBranchConfig(vae=vae, backbone=self._backbone(), head_negative_slope=head_negative_slope)

    def _backbone(self) -> BackboneConfig:
        return BackboneConfig(name=f"convnext_{self.size}")


class GenerativeModel(Architecture):
    """Base of the family's models: holds the branches that the mode runs."""

    config: GenerativeConfig

    def __init__(self, config: GenerativeConfig, ed: EDBranchConfig, vae: VAEBranchConfig) -> None:
        super().__init__(config)
        self.config = config
        self.input_size = config.image_size
        blueprints: dict[Network, EDBranchConfig | VAEBranchConfig] = {"ed": ed, "vae": vae}
        self.branches = nn.ModuleDict({name: blueprints[name].build() for name in config.networks})

    def branch(self, name: str) -> Branch:
        """The branch of that name, ``"ed"`` or ``"vae"``."""
        return cast("Branch", self.branches[name])

    def read(self, faces: Tensor) -> dict[str, Reading]:
        """What each branch sees of normalised faces [N, 3, size, size]."""
        return {name: self.branch(name).read(faces) for name in self.branches}

    def conclude(self, readings: dict[str, Reading], hidden: dict[str, Tensor]) -> ModelOutput:
        """Logits from each branch's hidden layer, with what the losses need."""
        return ModelOutput(
            logits={name: self.branch(name).classify(vector) for name, vector in hidden.items()},
            reconstructions={name: reading.reconstruction for name, reading in readings.items()},
            kl=readings["vae"].kl if "vae" in readings else None,
        )
