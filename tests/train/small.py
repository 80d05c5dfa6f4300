"""A small trainable network and folders of crops, for tests and for the processes that they start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from genconvit.core.input_spec import InputSpec
from genconvit.crops.record import CLASSES, SPLITS
from genconvit.models.base import Architecture, ArchitectureConfig, ModelOutput
from genconvit.registry import ARCHITECTURES
from genconvit.train.config import TrainConfig


class SmallConfig(ArchitectureConfig):
    mode: str = "any"
    input_size: int = 8


class Small(Architecture):
    """An autoencoder with batch normalisation and noise, as a branch of the real ones has, and a linear head."""

    config_class = SmallConfig

    def __init__(self, config: ArchitectureConfig) -> None:
        super().__init__(config)
        assert isinstance(config, SmallConfig)
        self.config, self.input_spec = config, InputSpec(size=config.input_size)
        self.encoder = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.BatchNorm2d(4), nn.LeakyReLU())
        self.decoder = nn.ConvTranspose2d(4, 3, 2, stride=2)
        self.head = nn.Linear(4, 2)

    def reconstruction_weights(self) -> dict[str, float]:
        return {"vae": 1.0}

    def forward(self, faces: Tensor) -> ModelOutput:
        code = self.encoder(faces)
        if self.training:
            code = code + 0.1 * torch.randn_like(code)
        logits = self.head(code.mean(dim=(2, 3)))
        return ModelOutput(logits={"vae": logits}, reconstructions={"vae": self.decoder(code)})


def register() -> None:
    """Make ``small`` available in this process."""
    ARCHITECTURES._registered["small"] = Small


def make_crops(root: Path, count: int = 6, *, valid: int = 4) -> Path:
    """Bright fakes and dark reals of 8 pixels in each split, so many of each."""
    chance = np.random.default_rng(0)
    for split in SPLITS:
        for label, folder in CLASSES.items():
            home = root / split / folder
            home.mkdir(parents=True, exist_ok=True)
            for number in range(count if split == "train" else valid):
                low = 120 if label == "FAKE" else 0
                image = chance.integers(low, low + 130, (8, 8, 3), dtype=np.uint8)
                Image.fromarray(image).save(home / f"{folder}{number}_{split}.png")
    return root


def small_config(data: Path, out: Path, **options: Any) -> TrainConfig:
    """A training of ``small`` that takes a second."""
    usual: dict[str, Any] = {
        "architecture": "small",
        "init": "random",
        "epochs": 2,
        "batch_size": 4,
        "learning_rate": 0.01,
        "schedule": "cosine",
        "device": "cpu",
        "workers": 0,
        "tensorboard": False,
    }
    return TrainConfig(data=str(data), out=str(out), **{**usual, **options})
