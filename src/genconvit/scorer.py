"""A model on its device: face crops in, logits and probabilities out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genconvit.aggregate import face_fake_probability
from genconvit.device import DTYPES, Precision
from genconvit.errors import ConfigError, PluginError
from genconvit.models.base import Architecture, ModelOutput
from genconvit.types import FaceScores


class Scorer:
    """Runs an architecture over face crops, a batch at a time. Safe to call from several threads.

    Args:
        model: on the CPU, in evaluation mode.
        device: where to run it.
        precision: of its parameters and activations; scores are always float32.
        batch_size: the most faces that go through it at once.
    """

    def __init__(self, model: Architecture, *, device: torch.device, precision: Precision, batch_size: int) -> None:
        self.dtype = DTYPES[precision]
        self.device = device
        self.batch_size = batch_size
        self.model = model.to(device=device, dtype=self.dtype).to(memory_format=torch.channels_last)

    @property
    def input_size(self) -> int:
        """Height and width of a crop in pixels."""
        return self.model.input_size

    def score(self, faces: npt.NDArray[np.uint8] | Tensor) -> FaceScores:
        """Score crops uint8 RGB [N, input_size, input_size, 3], array or tensor; N may be 0.

        Raises:
            ConfigError: the crops have another shape or type.
            WeightsError: a logit is not finite.
        """
        crops = self._checked(faces)
        if len(crops) == 0:
            return FaceScores({}, torch.empty(0))
        batches = [self._logits(batch) for batch in torch.split(crops, self.batch_size)]
        logits = {branch: torch.cat([batch[branch] for batch in batches]) for branch in batches[0]}
        return FaceScores(logits, face_fake_probability(logits))

    @torch.inference_mode()
    def _logits(self, crops: Tensor) -> dict[str, Tensor]:
        images = self.model.preprocess(crops.to(self.device)).to(self.dtype)
        output = self.model(images)
        if not (isinstance(output, ModelOutput) and output.logits):
            raise PluginError(f"{type(self.model).__name__} must return a ModelOutput with logits, got {output!r:.200}")
        for branch, logits in output.logits.items():
            if tuple(logits.shape) != (len(crops), 2):
                raise PluginError(
                    f"{type(self.model).__name__} must return logits [{len(crops)}, 2] (fake, real) for branch "
                    f"{branch!r}, got {list(logits.shape)}"
                )
        return {branch: logits.float().cpu() for branch, logits in output.logits.items()}

    def _checked(self, faces: npt.NDArray[np.uint8] | Tensor) -> Tensor:
        crops = torch.tensor(faces) if isinstance(faces, np.ndarray) and faces.dtype == np.uint8 else faces
        expected = (self.input_size, self.input_size, 3)
        if not isinstance(crops, Tensor) or crops.dtype != torch.uint8 or tuple(crops.shape[1:]) != expected:
            shaped = isinstance(crops, (np.ndarray, Tensor))
            got = f"{crops.dtype} {list(crops.shape)}" if shaped else type(faces).__name__
            raise ConfigError(
                f"faces are RGB uint8 [N, {', '.join(map(str, expected))}], an array or a tensor; got {got}; "
                "Detector.predict takes whole images and finds the faces itself"
            )
        return crops
