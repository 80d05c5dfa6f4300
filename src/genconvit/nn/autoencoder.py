"""The autoencoder of the ED branch (Wodajo Deressa et al., Applied Sciences 15(12):6622, 2025, section 3)."""

from __future__ import annotations

from itertools import pairwise

from pydantic import Field, NonNegativeFloat, PositiveInt
from torch import Tensor, nn

from genconvit.core.config import FrozenConfig

IMAGE_CHANNELS = 3


class AutoencoderConfig(FrozenConfig):
    """Config of an ``Autoencoder``."""

    channels: tuple[PositiveInt, ...] = Field(default=(16, 32, 64, 128, 256), min_length=1)
    """Width of each encoder stage; every stage halves height and width, and the decoder mirrors them."""

    negative_slope: NonNegativeFloat = 0.0
    """Negative slope of the LeakyReLU after each convolution; 0 is a ReLU."""

    linear_end: bool = False
    """No activation after the last one, so that it can reach negative pixels, which normalised images have; the
    original has one."""

    @property
    def stride(self) -> int:
        """Pixels of the image for one position of the code."""
        return 1 << len(self.channels)

    def build(self) -> Autoencoder:
        """Build the module."""
        return Autoencoder(self)


class Autoencoder(nn.Module):
    """Reconstructs an image through a narrow code."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        encoder: list[nn.Module] = []
        for narrow, wide in pairwise((IMAGE_CHANNELS, *config.channels)):
            encoder += [
                nn.Conv2d(narrow, wide, 3, padding=1),
                leaky_relu(config.negative_slope),
                nn.MaxPool2d(2),
            ]
        self.encoder = nn.Sequential(*encoder)
        decoder = upsampler((*config.channels[::-1], IMAGE_CHANNELS), config.negative_slope)
        self.decoder = decoder[:-1] if config.linear_end else decoder

    def forward(self, images: Tensor) -> Tensor:
        """Map ``n 3 h w`` to its reconstruction ``n 3 h w``; h and w are multiples of the config's stride."""
        reconstruction: Tensor = self.decoder(self.encoder(images))
        return reconstruction


def upsampler(channels: tuple[int, ...], negative_slope: float) -> nn.Sequential:
    """Transposed convolutions from each width to the next, each doubling height and width."""
    layers: list[nn.Module] = []
    for wide, narrow in pairwise(channels):
        layers += [nn.ConvTranspose2d(wide, narrow, 2, stride=2), leaky_relu(negative_slope)]
    return nn.Sequential(*layers)


def leaky_relu(negative_slope: float) -> nn.Module:
    """An activation that works in place; a slope of 0 is a ReLU."""
    return nn.LeakyReLU(negative_slope, inplace=True)
