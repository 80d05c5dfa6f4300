"""Networks whose evidence is at a known place: a red square speaks for fake, a blue one for real."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from genconvit.core.input_spec import InputSpec
from genconvit.models.base import Architecture, ArchitectureConfig, ModelOutput
from genconvit.nn.feature_layer import FeatureLayer

SIZE, PATCH = 32, 8
CELLS = SIZE // PATCH

Faces = npt.NDArray[np.uint8]


class SpotConfig(ArchitectureConfig):
    mode: str = "spot"
    gain: float = 4.0
    """Logit of a face that is red, or blue, all over."""

    noise: float = 0.0
    """Share of random noise in the logits."""


class Spot(Architecture):
    """Means of a red and of a blue feature map of 4 x 4 positions, as logits of fake and of real."""

    config_class = SpotConfig
    config: SpotConfig

    def __init__(self, config: SpotConfig) -> None:
        super().__init__(config)
        self.config = config
        self.input_spec = InputSpec(size=SIZE, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
        self.patches = nn.Conv2d(3, 2, PATCH, stride=PATCH, bias=False)
        self.maps = nn.ReLU(inplace=True)
        self.head = nn.Linear(2, 2, bias=False)
        with torch.no_grad():
            self.patches.weight.copy_(colours(self.patches.weight))
            self.head.weight.copy_(config.gain * torch.eye(2))

    def forward(self, faces: Tensor) -> ModelOutput:
        logits = self.head(self.maps(self.patches(faces)).mean(dim=(2, 3)))
        return ModelOutput(logits={"spot": logits + self.config.noise * torch.randn_like(logits)})

    def feature_layers(self) -> Mapping[str, FeatureLayer]:
        return {"spot": FeatureLayer(self.maps)}


def colours(weight: Tensor) -> Tensor:
    """Kernels, of the shape of a weight [2, 3, ...], whose outputs are how red and how blue a patch is, in [0, 1]."""
    red_and_blue = torch.tensor([[1.0, -0.5, -0.5], [-0.5, -0.5, 1.0]])
    return red_and_blue.view(2, 3, *[1] * (weight.ndim - 2)).expand_as(weight) / weight[0, 0].numel()


def face(**squares: tuple[int, int]) -> Faces:
    """A black face, uint8 [32, 32, 3], with squares of 8 pixels at a row and a column of the 4 x 4 grid.

    Args:
        squares: place of the red or the blue square.
    """
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    for colour, (row, column) in squares.items():
        image[row * PATCH :, column * PATCH :][:PATCH, :PATCH, {"red": 0, "blue": 2}[colour]] = 255
    return image


def faces(*each: Faces) -> Faces:
    return np.stack(each)


def hottest(heat_map: Any) -> tuple[int, ...]:
    """Index of the largest raw value of a map."""
    return tuple(int(index) for index in np.unravel_index(heat_map.raw.argmax(), heat_map.raw.shape))
