"""A network and its batches: face crops, or clips of them, in; logits and probabilities out."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from genconvit.core.device import BATCH_SIZES, Device, is_out_of_memory
from genconvit.core.errors import ConfigError, PluginError
from genconvit.core.fake_probability import face_fake_probability
from genconvit.core.input_spec import InputSpec
from genconvit.core.types import FaceScores, FloatArray, is_array
from genconvit.faces.crop import resize_crops

if TYPE_CHECKING:
    from torch import Tensor


class Network(Protocol):
    """A network that is ready to run, whatever runs it. Safe to call from several threads."""

    @property
    def name(self) -> str:
        """Name of what gives the logits, for messages."""

    @property
    def input_spec(self) -> InputSpec:
        """Input of the network."""

    @property
    def device(self) -> Device:
        """Device that the network runs on."""

    def __call__(self, crops: npt.NDArray[np.uint8] | Tensor, batch_size: int) -> Mapping[str, FloatArray]:
        """Give logits float32 [N, 2] for each branch, on the host.

        Args:
            crops: uint8 [N, *input_spec.shape], an array, or a tensor on any device; N is 1 or more.
            batch_size: number of inputs in a full batch, at least N.

        Raises:
            RuntimeError: the device has no memory for so many; see ``genconvit.core.device.is_out_of_memory``.
        """

    def free_memory(self) -> None:
        """Give the device back what is free of its memory and kept."""


class Scorer:
    """Runs a network over its inputs, a batch at a time. Safe to call from several threads.

    An input is a face crop, or a clip of them where the network takes clips. Inputs that are given together go
    through in batches that begin at multiples of the batch size, so that scores follow from them and the batch size
    alone. Where a GPU runs out of memory the batch is halved, for good, and the inputs are scored again.

    Args:
        network: network that is ready to run.
        batch_size: most faces that go through it at once, those of all clips together; None follows the device.

    Attributes:
        network: the network.
        input_spec: input of the network.
        batch_size: the most inputs that go through it at once.
        notes: notes for every result: a batch that was halved, and why.
    """

    def __init__(self, network: Network, *, batch_size: int | None = None) -> None:
        self.network = network
        self.input_spec = network.input_spec
        self.batch_size = max((batch_size or BATCH_SIZES[network.device.type]) // self.input_spec.frames, 1)
        self.notes: tuple[str, ...] = ()
        self._halving = threading.Lock()

    @property
    def input_size(self) -> int:
        """Height and width of a crop in pixels."""
        return self.input_spec.size

    def score(self, faces: npt.NDArray[np.uint8] | Tensor, *, resize: bool = False) -> FaceScores:
        """Score inputs.

        Args:
            faces: RGB uint8 [N, S, S, 3] with S ``input_size``, or [N, T, S, S, 3] for an architecture of clips of T
                faces; an array, or a tensor on any device; N may be 0.
            resize: take any S, and resize them as faces are cut out of frames.

        Raises:
            ConfigError: the crops have another shape or type, or the device has no memory for a single input.
            WeightsError: a logit is not finite.
        """
        crops = self.crops(faces, resize=resize)
        if len(crops) == 0:
            return FaceScores({}, np.empty(0, np.float32))
        batches = []
        start = 0
        while start < len(crops):
            size = self.batch_size
            logits = self._logits_if_they_fit(crops[start : start + size], size)
            if logits is None:
                self._halve(size)
                continue
            batches.append(logits)
            start += size
        joined = {branch: np.concatenate([batch[branch] for batch in batches]) for branch in batches[0]}
        return FaceScores(joined, face_fake_probability(joined))

    def crops(self, faces: npt.NDArray[np.uint8] | Tensor, *, resize: bool) -> npt.NDArray[np.uint8] | Tensor:
        """Give inputs, as ``score`` takes them, at the size of the network: uint8, where they lie.

        Raises:
            ConfigError: they have another shape or type.
        """
        self._check(faces, resize)
        return resize_crops(faces, self.input_size) if len(faces) else faces

    def _logits_if_they_fit(self, crops: npt.NDArray[np.uint8] | Tensor, size: int) -> Mapping[str, FloatArray] | None:
        """The logits, or None where the device's memory is too small for these faces."""
        try:
            logits = self.network(crops, size)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            return None  # and the error with what it holds is gone before another try
        for branch, values in logits.items():
            if values.shape != (len(crops), 2):
                raise PluginError(
                    f"{self.network.name} must return logits [{len(crops)}, 2] (fake, real) for branch "
                    f"{branch!r}, got {list(values.shape)}"
                )
        return logits

    def _halve(self, size: int) -> None:
        device = self.network.device
        if size == 1:
            raise ConfigError(
                f"{device} has no memory for a single {self._unit}; free some, or use device='cpu' or precision='bf16'"
            )
        with self._halving:
            self.network.free_memory()
            if self.batch_size == size:
                self.batch_size = size // 2
                self.notes += (f"{device} ran out of memory with {size} {self._unit}s at once; {size // 2} were taken",)

    @property
    def _unit(self) -> str:
        return "face" if self.input_spec.frames == 1 else "clip"

    def _check(self, faces: npt.NDArray[np.uint8] | Tensor, resize: bool) -> None:
        shape, got = self.input_spec.shape, type(faces).__name__
        if is_array(faces):
            kind = str(faces.dtype).removeprefix("torch.")
            got = f"{faces.dtype} {list(faces.shape)}"
            given = tuple(faces.shape[1:])
            square = len(given) == len(shape) and given[-3] == given[-2] > 0
            right = given == shape or (resize and square and given[:-3] + given[-1:] == shape[:-3] + shape[-1:])
            if kind == "uint8" and right:
                return
        sides = [*shape[:-3], *(("S", "S") if resize else shape[-3:-1]), 3]
        clips = "" if self.input_spec.frames == 1 else f" in clips of {self.input_spec.frames}"
        raise ConfigError(
            f"faces{clips} are RGB uint8 [N, {', '.join(map(str, sides))}], an array or a tensor; got {got}; "
            "Detector.predict takes whole images and finds the faces itself"
        )
