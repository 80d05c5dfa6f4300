"""An architecture of your own in forty lines: a config, a module, one call to register it.

Run it: python examples/register_an_architecture.py
"""

from typing import Literal

import numpy as np
from pydantic import PositiveInt
from torch import Tensor

from genconvit import Architecture, ArchitectureConfig, Detector, InputSpec, ModelOutput, register_architecture
from genconvit.nn.backbone import BackboneConfig


class TinyConfig(ArchitectureConfig):
    """One small ConvNeXt."""

    mode: Literal["tiny"] = "tiny"
    image_size: PositiveInt = 96
    backbone: str = "convnext_atto"


class Tiny(Architecture):
    """A ConvNeXt whose head says fake or real."""

    config_class = TinyConfig

    def __init__(self, config: TinyConfig) -> None:
        super().__init__(config)
        self.config = config
        self.input_spec = InputSpec(size=config.image_size)
        self.backbone = BackboneConfig(name=config.backbone, num_classes=2).build()

    def forward(self, faces: Tensor) -> ModelOutput:
        """Logits [N, 2], fake first, from normalised faces [N, 3, image_size, image_size]."""
        (logits,) = self.backbone.features(*self.backbone.maps(faces))
        return ModelOutput(logits={"tiny": logits})


register_architecture("tiny", Tiny)

faces = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), np.uint8)  # your own face crops, RGB

with Detector("tiny", image_size=64, weights="random") as detector:
    scores = detector.score_faces(faces)

print("fake probabilities:", [round(value, 3) for value in scores.fake_probability.tolist()])
print("These weights are random: the numbers show that it runs, and are no verdict.")
