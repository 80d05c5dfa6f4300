"""The two branches of GenConViT: a reconstruction and the image go through a backbone, and a head joins them.

Source: Wodajo Deressa et al., "Deepfake Video Detection Using Generative Convolutional Vision Transformer",
Applied Sciences 15(12):6622, 2025. The order in which a head joins image and reconstruction differs between the
branches, as in the reference.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from pydantic import NonNegativeFloat, PositiveInt, model_validator
from torch import Tensor, nn

from genconvit.core.config import FrozenConfig
from genconvit.core.fake_probability import NUM_CLASSES
from genconvit.nn.autoencoder import AutoencoderConfig
from genconvit.nn.backbone import Backbone, BackboneConfig
from genconvit.nn.vae import VAEConfig

HIDDEN_DIM = 500


class HeadConfig(FrozenConfig):
    """The two linear layers at the end of a branch."""

    in_dim: PositiveInt
    """Width of the joined features of image and reconstruction."""

    hidden_dim: PositiveInt = HIDDEN_DIM
    """Width of the hidden layer."""

    activation: Literal["gelu", "leaky_relu"] = "gelu"
    """Activation before each linear layer."""

    negative_slope: NonNegativeFloat = 0.0
    """Negative slope of ``leaky_relu``; 0 is a ReLU."""

    def build(self) -> Head:
        """Build the module."""
        return Head(self)


class Head(nn.Module):
    """Joined features to a hidden layer, and a hidden layer to logits."""

    def __init__(self, config: HeadConfig) -> None:
        super().__init__()
        self.config = config
        self.hidden = nn.Linear(config.in_dim, config.hidden_dim)
        self.logits = nn.Linear(config.hidden_dim, NUM_CLASSES)
        self.activation = nn.GELU() if config.activation == "gelu" else nn.LeakyReLU(config.negative_slope)

    def forward(self, features: tuple[Tensor, ...]) -> Tensor:
        """Join features ``n d`` of image and reconstruction into the hidden layer ``n hidden_dim``."""
        hidden: Tensor = self.hidden(self.activation(torch.cat(features, dim=1)))
        return hidden

    def classify(self, hidden: Tensor) -> Tensor:
        """Map the hidden layer ``n hidden_dim`` to logits ``n 2``."""
        logits: Tensor = self.logits(self.activation(hidden))
        return logits


class EDBranchConfig(FrozenConfig):
    """The autoencoder branch; its head sees the reconstruction first, then the image."""

    image_size: PositiveInt = 224
    """Height and width of an image in pixels."""

    autoencoder: AutoencoderConfig = AutoencoderConfig()
    """The autoencoder, which gives the reconstruction."""

    backbone: BackboneConfig = BackboneConfig()
    """The network that sees image and reconstruction."""

    @model_validator(mode="after")
    def _image_fits(self) -> EDBranchConfig:
        check_image_size(self.image_size, max(self.autoencoder.stride, Backbone.stride))
        return self

    @property
    def grids(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Heights and widths of the feature maps of reconstruction and image."""
        side = self.image_size // Backbone.stride
        return (side, side), (side, side)

    def build(self) -> EDBranch:
        """Build the module."""
        return EDBranch(self)


class VAEBranchConfig(FrozenConfig):
    """The variational branch; its head sees the image first, then the (smaller) reconstruction."""

    vae: VAEConfig = VAEConfig()
    """The variational autoencoder, which gives the reconstruction."""

    backbone: BackboneConfig = BackboneConfig()
    """The network that sees image and reconstruction."""

    head_negative_slope: NonNegativeFloat = 0.0
    """Negative slope of the LeakyReLU in the head; 0 is a ReLU."""

    @model_validator(mode="after")
    def _image_fits(self) -> VAEBranchConfig:
        check_image_size(self.vae.image_size)
        if min(self.vae.reconstruction_size) < Backbone.stride:
            raise ValueError(
                f"the reconstruction must be at least {Backbone.stride} pixels for the backbone; "
                f"got {self.vae.reconstruction_size}; choose a larger latent_shape or more decoder_channels"
            )
        return self

    @property
    def grids(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Heights and widths of the feature maps of image and reconstruction."""
        side = self.vae.image_size // Backbone.stride
        height, width = (size // Backbone.stride for size in self.vae.reconstruction_size)
        return (side, side), (height, width)

    def build(self) -> VAEBranch:
        """Build the module."""
        return VAEBranch(self)


@dataclass(frozen=True, eq=False)
class BranchOutput:
    """Output of a branch for a batch of faces, before its head.

    Attributes:
        maps: the backbone's feature maps ``n d h w`` of image and reconstruction, in the head's order.
        reconstruction: ``n 3 h w``.
        kl: the KL term of a variational branch that has ``var``, else None.
    """

    maps: tuple[Tensor, ...]
    reconstruction: Tensor
    kl: Tensor | None = None


class Branch(nn.Module, ABC):
    """A generative network, a backbone and a head.

    Attributes:
        backbone: maps images.
        head: makes a vector and logits of maps.
        face: index of the face's maps among the two.
        face_maps: layer that the face's maps go through on their way to the head.
        reconstruction_weight: weight of the reconstruction error in a training, where nobody names another.
    """

    face: ClassVar[int]

    backbone: Backbone
    head: Head
    face_maps: nn.Identity
    reconstruction_weight: float = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.face_maps = nn.Identity()

    @abstractmethod
    def read(self, faces: Tensor) -> BranchOutput:
        """Reconstruct normalised faces ``n 3 s s`` and map both with the backbone."""

    def hidden(self, maps: tuple[Tensor, ...]) -> Tensor:
        """The head's hidden layer ``n hidden_dim`` from feature maps ``n d h w`` in the head's order."""
        seen = (self.face_maps(each) if index == self.face else each for index, each in enumerate(maps))
        hidden: Tensor = self.head(self.backbone.features(*seen))
        return hidden

    def classify(self, hidden: Tensor) -> Tensor:
        """Logits ``n 2`` from the hidden layer."""
        return self.head.classify(hidden)


class EDBranch(Branch):
    """Network A of the paper, "ed"."""

    face = 1

    def __init__(self, config: EDBranchConfig) -> None:
        super().__init__()
        self.config = config
        self.autoencoder = config.autoencoder.build()
        # A decoder that ends in an activation cannot reach negative pixels, so the reference does not train it.
        self.reconstruction_weight = float(config.autoencoder.linear_end)
        self.backbone = config.backbone.build()
        self.head = HeadConfig(in_dim=2 * config.backbone.num_classes).build()

    def read(self, faces: Tensor) -> BranchOutput:
        """See ``Branch.read``; the reconstruction comes first."""
        reconstruction = self.autoencoder(faces)
        return BranchOutput(self.backbone.maps(reconstruction, faces), reconstruction)


class VAEBranch(Branch):
    """Network B of the paper, "vae"."""

    face = 0

    def __init__(self, config: VAEBranchConfig) -> None:
        super().__init__()
        self.config = config
        self.autoencoder = config.vae.build()
        self.backbone = config.backbone.build()
        self.head = HeadConfig(
            in_dim=2 * config.backbone.num_classes,
            activation="leaky_relu",
            negative_slope=config.head_negative_slope,
        ).build()

    def read(self, faces: Tensor) -> BranchOutput:
        """See ``Branch.read``; the image comes first."""
        output = self.autoencoder(faces)
        return BranchOutput(self.backbone.maps(faces, output.reconstruction), output.reconstruction, output.kl)


def check_image_size(image_size: int, stride: int = Backbone.stride) -> None:
    """Make sure that an image of so many pixels a side divides into whole positions of a feature map.

    Raises:
        ValueError: it does not; names the nearest that does.
    """
    if image_size % stride:
        near = max(stride, round(image_size / stride) * stride)
        raise ValueError(f"image_size must be a multiple of {stride}; got {image_size}, the nearest is {near}")
