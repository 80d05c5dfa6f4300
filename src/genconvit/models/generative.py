"""Common parts of the GenConViT family's architectures: the two branches, their sizes, and the latent's choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, cast

from pydantic import Field, PositiveInt, model_validator
from torch import Tensor, nn

from genconvit.core.input_spec import InputSpec
from genconvit.models.base import Architecture, ArchitectureConfig, ModelOutput
from genconvit.models.reference_files import Network
from genconvit.nn.autoencoder import AutoencoderConfig
from genconvit.nn.backbone import Backbone, BackboneConfig
from genconvit.nn.branches import Branch, BranchOutput, EDBranchConfig, VAEBranchConfig, check_image_size
from genconvit.nn.feature_layer import FeatureLayer
from genconvit.nn.vae import Latent, VAEConfig

NETWORKS: tuple[Network, ...] = ("ed", "vae")


@dataclass(frozen=True)
class Size:
    """Backbone and widths that a size stands for.

    Attributes:
        backbone: name of a network of timm's.
        map_dim: channels of the backbone's last feature maps.
        features: width of the backbone's head; the published weights keep ImageNet's 1000.
        image_size: height and width of a face crop in pixels, where the config does not say otherwise.
        latent_channels: channels of the latent vector, where the config does not say otherwise.
        attention_dim: channels that V2's attention works in, where the config does not say otherwise; None is
            ``map_dim``.
        fusion_dim: width of the gated layer of V2's fusion, where the config does not say otherwise.
    """

    backbone: str
    map_dim: int
    features: int
    image_size: int
    latent_channels: int
    attention_dim: int | None = None
    fusion_dim: int = 1024


SIZES = {
    "nano": Size(
        "tf_efficientnet_lite0",
        map_dim=1280,
        features=128,
        image_size=128,
        latent_channels=4,
        attention_dim=128,
        fusion_dim=128,
    ),
    "tiny": Size("convnext_tiny", map_dim=768, features=1000, image_size=224, latent_channels=256),
    "large": Size("convnext_large", map_dim=1536, features=1000, image_size=224, latent_channels=256),
}


class GenerativeConfig(ArchitectureConfig):
    """The fields that the configs of the family share."""

    prediction_only: ClassVar[frozenset[str]] = frozenset({"latent", "latent_seed"})

    size: Literal["nano", "tiny", "large"] = "tiny"
    """Size of both backbones, see ``SIZES``. Published weights are ``tiny``."""

    image_size: PositiveInt | None = Field(default=None, le=1024)
    """Height and width of a face crop in pixels, a multiple of 32; None follows the size."""

    latent_shape: tuple[PositiveInt, PositiveInt, PositiveInt] | None = None
    """Channels, height and width of the VAE branch's latent vector; None follows the size, and has the height and width
    of the image's feature map."""

    latent: Latent = "shared"
    """The noise of the VAE branch at prediction time: ``"shared"`` is one vector for every face, so that a score never
    depends on the batch or the run; ``"mean"`` none; ``"random"`` fresh, as in the reference."""

    latent_seed: int = Field(default=0, ge=0, lt=1 << 63)
    """Seed of the shared noise."""

    variational: bool = False
    """Build ``var`` too, which only the KL term of a training needs."""

    @property
    def networks(self) -> tuple[Network, ...]:
        """The branches that the mode runs."""
        return tuple(network for network in NETWORKS if self.mode not in NETWORKS or self.mode == network)

    @model_validator(mode="after")
    def _image_fits_the_backbone(self) -> GenerativeConfig:
        check_image_size(self.input_size)
        return self

    @property
    def unpublished(self) -> str | None:
        """Reason why no published weights fit; None for size ``tiny`` as it is."""
        if self.size != "tiny":
            return f"no weights are published for size {self.size!r}, only for 'tiny'"
        own = [name for name in ("image_size", "latent_shape") if getattr(self, name) is not None]
        return f"no weights are published for another {' or '.join(own)}" if own else None

    @property
    def input_size(self) -> int:
        """Height and width of a face crop in pixels."""
        return self.image_size or SIZES[self.size].image_size

    @property
    def map_dim(self) -> int:
        """Channels of the backbones' last feature maps."""
        return SIZES[self.size].map_dim

    def ed_branch(self, *, negative_slope: float, linear_end: bool = False) -> EDBranchConfig:
        """The config of the ED branch."""
        return EDBranchConfig(
            image_size=self.input_size,
            autoencoder=AutoencoderConfig(negative_slope=negative_slope, linear_end=linear_end),
            backbone=self._backbone(),
        )

    def vae_branch(self, *, negative_slope: float, head_negative_slope: float) -> VAEBranchConfig:
        """The config of the VAE branch."""
        side = self.input_size // Backbone.stride
        vae = VAEConfig(
            image_size=self.input_size,
            latent_shape=self.latent_shape or (SIZES[self.size].latent_channels, side, side),
            negative_slope=negative_slope,
            variational=self.variational,
            latent=self.latent,
            latent_seed=self.latent_seed,
        )
        return VAEBranchConfig(vae=vae, backbone=self._backbone(), head_negative_slope=head_negative_slope)

    def _backbone(self) -> BackboneConfig:
        size = SIZES[self.size]
        return BackboneConfig(name=size.backbone, num_classes=size.features)


class GenerativeModel(Architecture):
    """Base of the family's models: holds the branches that the mode runs."""

    check_options: ClassVar[dict[str, object]] = {"size": "nano"}

    config: GenerativeConfig

    def __init__(self, config: GenerativeConfig, ed: EDBranchConfig, vae: VAEBranchConfig) -> None:
        super().__init__(config)
        self.config = config
        blueprints: dict[Network, EDBranchConfig | VAEBranchConfig] = {"ed": ed, "vae": vae}
        self.branches = nn.ModuleDict({name: blueprints[name].build() for name in config.networks})
        backbone = self.branch(config.networks[0]).backbone
        self.input_spec = InputSpec(size=config.input_size, mean=backbone.mean, std=backbone.std)

    def branch(self, name: str) -> Branch:
        """The branch of that name, ``"ed"`` or ``"vae"``."""
        return cast("Branch", self.branches[name])

    def reconstruction_weights(self) -> dict[str, float]:
        """Each branch's own weight; see ``Branch.reconstruction_weight``."""
        return {name: self.branch(name).reconstruction_weight for name in self.branches}

    def feature_layers(self) -> dict[str, FeatureLayer]:
        """Each branch's maps of the face as they come to its head; those of its reconstruction are not among them."""
        return {name: FeatureLayer(self.branch(name).face_maps) for name in self.branches}

    def read(self, faces: Tensor) -> dict[str, BranchOutput]:
        """Read normalised faces [N, 3, size, size] with each branch."""
        return {name: self.branch(name).read(faces) for name in self.branches}

    def conclude(self, readings: dict[str, BranchOutput], hidden: dict[str, Tensor]) -> ModelOutput:
        """Logits from each branch's hidden layer, with what the losses need."""
        return ModelOutput(
            logits={name: self.branch(name).classify(vector) for name, vector in hidden.items()},
            reconstructions={name: reading.reconstruction for name, reading in readings.items()},
            kl=readings["vae"].kl if "vae" in readings else None,
        )
