"""The variational autoencoder of the VAE branch (Wodajo Deressa et al., Applied Sciences 15(12):6622, 2025).

Kept from the reference: the noise is scaled by exp(mu / 2), not by exp(var / 2), so ``var`` enters the KL term only.
Deliberate deviations: ``mu`` is computed once, ``var`` is built on request only, and the noise is a choice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from einops import rearrange
from pydantic import Field, NonNegativeFloat, PositiveInt, model_validator
from torch import Tensor, nn

from genconvit.core.config import FrozenConfig
from genconvit.nn.autoencoder import IMAGE_CHANNELS, leaky_relu, upsampler

Latent = Literal["shared", "mean", "random"]


class VAEConfig(FrozenConfig):
    """Config of a ``VAE``."""

    image_size: PositiveInt = 224
    """Height and width of the image in pixels."""

    channels: tuple[PositiveInt, ...] = Field(default=(16, 32, 64, 128), min_length=1)
    """Width of each encoder stage; every stage halves height and width."""

    latent_shape: tuple[PositiveInt, PositiveInt, PositiveInt] = (256, 7, 7)
    """Channels, height and width of the latent vector as the decoder sees it."""

    decoder_channels: tuple[PositiveInt, ...] = (64, 32, 16)
    """Width of each decoder stage before the image; every stage doubles height and width."""

    negative_slope: NonNegativeFloat = 0.01
    """Negative slope of the LeakyReLU after each convolution."""

    variational: bool = False
    """Build ``var`` too, for the KL term."""

    latent: Latent = "shared"
    """The noise at prediction time: ``"shared"`` is one vector from ``latent_seed`` for every face, ``"mean"`` none,
    ``"random"`` fresh for every face and run. Training always draws fresh noise."""

    latent_seed: int = Field(default=0, ge=0, lt=1 << 63)
    """Seed of the shared noise."""

    @model_validator(mode="after")
    def _stages_divide_the_image(self) -> VAEConfig:
        stride = 1 << len(self.channels)
        if self.image_size % stride:
            raise ValueError(
                f"image_size must be a multiple of {stride} for {len(self.channels)} encoder stages; "
                f"got {self.image_size}"
            )
        return self

    @property
    def flat_dim(self) -> int:
        """Width of the encoder's flattened output."""
        side = self.image_size >> len(self.channels)
        return self.channels[-1] * side * side

    @property
    def latent_dim(self) -> int:
        """Width of the latent vector."""
        return math.prod(self.latent_shape)

    @property
    def reconstruction_size(self) -> tuple[int, int]:
        """Height and width of the reconstruction in pixels."""
        scale = 1 << (len(self.decoder_channels) + 1)
        return self.latent_shape[1] * scale, self.latent_shape[2] * scale

    def build(self) -> VAE:
        """Build the module."""
        return VAE(self)


@dataclass(frozen=True, eq=False)
class VAEOutput:
    """Output of a ``VAE``.

    Attributes:
        reconstruction: ``n 3 h w`` of the config's reconstruction size.
        kl: the mean over the batch of the KL divergence from a standard normal; None without ``var``.
    """

    reconstruction: Tensor
    kl: Tensor | None


class VAE(nn.Module):
    """Reconstructs an image, smaller, through a sampled latent vector."""

    noise: Tensor

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        self.config = config
        encoder: list[nn.Module] = []
        for narrow, wide in pairwise((IMAGE_CHANNELS, *config.channels)):
            encoder += [
                nn.Conv2d(narrow, wide, 3, stride=2, padding=1),
                nn.BatchNorm2d(wide),
                leaky_relu(config.negative_slope),
            ]
        self.encoder = nn.Sequential(*encoder)
        self.mu = nn.Linear(config.flat_dim, config.latent_dim)
        self.var = nn.Linear(config.flat_dim, config.latent_dim) if config.variational else None
        decoder_channels = (config.latent_shape[0], *config.decoder_channels, IMAGE_CHANNELS)
        self.decoder = upsampler(decoder_channels, config.negative_slope)
        self.register_buffer("noise", _shared_noise(config), persistent=False)

    def forward(self, images: Tensor) -> VAEOutput:
        """Map ``n 3 image_size image_size`` to its reconstruction and the KL term."""
        code = rearrange(self.encoder(images), "n c h w -> n (c h w)")
        mu = self.mu(code)
        channels, height, width = self.config.latent_shape
        latent = rearrange(self._sample(mu), "n (c h w) -> n c h w", c=channels, h=height, w=width)
        kl = kl_divergence(mu, self.var(code)) if self.var is not None else None
        return VAEOutput(self.decoder(latent), kl)

    def _sample(self, mu: Tensor) -> Tensor:
        if self.training or self.config.latent == "random":
            return torch.addcmul(mu, torch.randn_like(mu), torch.exp(mu / 2))
        if self.config.latent == "mean":
            return mu
        return torch.addcmul(mu, self.noise, torch.exp(mu / 2))


def kl_divergence(mu: Tensor, var: Tensor) -> Tensor:
    """Mean over the batch of KL(N(mu, exp(var)) || N(0, 1)) for ``n d`` each; var is the logarithm of the variance."""
    return -0.5 * (1 + var - mu.square() - var.exp()).sum(dim=1).mean()


def _shared_noise(config: VAEConfig) -> Tensor:
    # On the CPU even where a model is built on the meta device: no file holds it.
    generator = torch.Generator("cpu").manual_seed(config.latent_seed)
    return torch.randn(config.latent_dim, generator=generator, device="cpu")
