"""Parts that take the measured time of real ones and do nothing: a decoder, a face detector and a network.

Workers of Ray import them, so that the rest of a run is the library's own code.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from genconvit.core.cut import SquareRule
from genconvit.core.errors import DecoderCrashError
from genconvit.core.input_spec import InputSpec
from genconvit.core.types import DetectedFace, Frame
from genconvit.faces.base import FaceDetector
from genconvit.models.base import Architecture, ArchitectureConfig, ModelOutput
from genconvit.video.base import FrameStream, VideoDecoder

NAME = "simulated"


class SimulatedStream(FrameStream):
    """Small grey frames, each of which takes its time."""

    decoder = NAME

    def __init__(self, frames: int, seconds: float) -> None:
        self._frames = frames
        self._seconds = seconds

    @property
    def frame_count(self) -> int:
        """Number of frames."""
        return self._frames

    def read(self, indices: Sequence[int]) -> Iterator[Frame]:
        """Yield frames, after the time in which a real one is decoded and searched."""
        for index in indices:
            time.sleep(self._seconds)
            yield Frame(index, float(index), np.full((48, 48, 3), 90 + index % 64, np.uint8))


class SimulatedDecoder(VideoDecoder):
    """Reads files that say how many frames they have, how long each takes, and what they break."""

    name = NAME

    def open(self, path: Path) -> FrameStream:
        """Open a file, or break what it says."""
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["breaks"] == "worker":
            os.kill(os.getpid(), signal.SIGKILL)
        if told["breaks"] == "decoder":
            time.sleep(told["seconds"])
            raise DecoderCrashError(str(path), "the decoder ended (simulated)")
        return SimulatedStream(told["frames"], told["seconds"])


class SimulatedFaces(FaceDetector):
    """Sees the whole frame as one face, at once."""

    name = NAME
    square_rule = SquareRule(side=1.0, shift_down=0.0)
    needs_model = False
    licence = "none"

    def __init__(self, model: Path | None = None, device: torch.device | None = None) -> None:
        del model, device

    def detect(self, images: Sequence[Any]) -> list[list[DetectedFace]]:
        """Give one face for each image."""
        return [
            [DetectedFace((0.0, 0.0, float(image.shape[1]), float(image.shape[0])), 1.0)] if len(image) else []
            for image in images
        ]


class SimulatedConfig(ArchitectureConfig):
    """Config of the network."""

    mode: str = "any"
    """Part of the network; there is one alone."""

    seconds: float = 0.0
    """Seconds that each face takes."""


class SimulatedNetwork(Architecture):
    """Takes the time of a network for each face, and scores its brightness."""

    config_class = SimulatedConfig

    def __init__(self, config: SimulatedConfig) -> None:
        super().__init__(config)
        self.input_spec = InputSpec(size=32)
        self.slope = nn.Parameter(torch.tensor(8.0))
        self._seconds = config.seconds
        self.config = config

    def preprocess(self, faces: Tensor) -> Tensor:
        """Turn uint8 faces [N, S, S, 3] to float32 [N, 3, S, S] in [0, 1]."""
        return faces.permute(0, 3, 1, 2).float() / 255

    def forward(self, faces: Tensor) -> ModelOutput:
        """Give logits, float32 [N, 2], after the time that so many faces take."""
        time.sleep(self._seconds * len(faces))
        logit = self.slope * (faces.mean(dim=(1, 2, 3)) - 0.5)
        return ModelOutput(logits={"one": torch.stack((logit, -logit), dim=1)})
