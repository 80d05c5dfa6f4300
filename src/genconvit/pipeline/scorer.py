"""A model on its device: face crops, or clips of them, in; logits and probabilities out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genconvit.core.device import BATCH_SIZES, DTYPES, Precision, is_out_of_memory
from genconvit.core.errors import ConfigError, PluginError
from genconvit.core.graph_thread import graph_thread
from genconvit.core.text import first_line
from genconvit.core.types import FaceScores
from genconvit.faces.crop import resize_crops
from genconvit.models.base import Architecture, ModelOutput
from genconvit.nn.channels_last import images_in_channels_last, network_in_channels_last
from genconvit.nn.fake_probability import face_fake_probability

_MOST_HALVINGS = 3
"""Most times that a batch of CUDA graphs is halved for fewer faces: each size is compiled by itself."""


def graph_size(count: int, batch_size: int) -> int:
    """The size that a batch for CUDA graphs is filled up to: a full batch, or a half, a quarter or an eighth of one.

    Args:
        count: number of inputs, at most ``batch_size``.
        batch_size: size of a full batch.
    """
    sizes = [-(-batch_size >> halvings) for halvings in range(_MOST_HALVINGS + 1)]
    return min(size for size in sizes if size >= count)


class Scorer:
    """Runs an architecture over its inputs, a batch at a time. Safe to call from several threads.

    An input is a face crop, or a clip of them where the architecture takes clips. Inputs that are given together go
    through in batches that begin at multiples of the batch size, so that scores follow from them and the batch size
    alone. Where a GPU runs out of memory the batch is halved, for good, and the inputs are scored again.

    Args:
        model: model on the CPU, in evaluation mode.
        device: device to run it on.
        precision: precision of its parameters and activations, ``int8`` only where it is exported; scores are always
            float32.
        batch_size: most faces that go through it at once, those of all clips together; None follows the device.
        compile: run it through ``torch.compile``, which takes a minute or more at the first batch. A full batch of
            nothing comes before it, since what is compiled follows from the first batch's size.
        cuda_graphs: replay it as CUDA graphs, by ``torch.compile``, in a thread of their own; batches are filled up, as
            ``graph_size`` says.
        exported: from crops uint8 [N, ...] to logits [N, 2] for each branch, where another runtime runs it; the model
            then has no weights, and says only what a network of it takes.

    Attributes:
        input_spec: input of the model.
        batch_size: the most inputs that go through it at once.
        notes: notes for every result: a batch that was halved, and why.

    Raises:
        ConfigError: CUDA graphs were asked for on another device, or they or compiling for an exported network.
    """

    def __init__(
        self,
        model: Architecture,
        *,
        device: torch.device,
        precision: Precision,
        batch_size: int | None = None,
        compile: bool = False,  # noqa: A002 - torch's own word
        cuda_graphs: bool = False,
        exported: Callable[[Tensor], Mapping[str, Tensor]] | None = None,
    ) -> None:
        if exported is not None and (compile or cuda_graphs):
            raise ConfigError("compile and cuda_graphs are for runtime 'torch'; leave them out (--no-compile)")
        if cuda_graphs and device.type != "cuda":
            raise ConfigError(f"cuda_graphs needs a CUDA device, got {device}; leave it out, or set device='cuda'")
        self.dtype = torch.float32 if precision == "int8" else DTYPES[precision]
        self.device = device
        self.input_spec = model.input_spec
        self.batch_size = max((batch_size or BATCH_SIZES[device.type]) // self.input_spec.frames, 1)
        self.notes: tuple[str, ...] = ()
        self.model = model
        self._exported = exported
        if exported is None:
            self.model = network_in_channels_last(model.to(device=device, dtype=self.dtype))
        self._halving = threading.Lock()
        self._compiling = threading.Lock()
        self._is_compiled = not compile or cuda_graphs
        self._graphs = graph_thread() if cuda_graphs else None
        self._network: Callable[[Tensor], ModelOutput] = self.model
        if compile or cuda_graphs:
            mode = "reduce-overhead" if cuda_graphs else "default"
            self._network = torch.compile(self.model, mode=mode, dynamic=not cuda_graphs)

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
        self._check(faces, resize)
        if len(faces) == 0:
            return FaceScores({}, np.empty(0, np.float32))
        sized = resize_crops(faces, self.input_size)
        crops = torch.tensor(sized) if isinstance(sized, np.ndarray) else sized
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
        joined = {branch: torch.cat([batch[branch] for batch in batches]) for branch in batches[0]}
        arrays = {branch: logits.numpy() for branch, logits in joined.items()}
        return FaceScores(arrays, face_fake_probability(joined).numpy())

    def _logits_if_they_fit(self, crops: Tensor, size: int) -> dict[str, Tensor] | None:
        """The logits, or None where the device's memory is too small for these faces."""
        try:
            if self._graphs is not None:
                return self._graphs.submit(self._logits, crops, size).result()
            return self._logits(crops, size)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            return None  # and the error with what it holds is gone before another try

    def _halve(self, size: int) -> None:
        if size == 1:
            raise ConfigError(
                f"{self.device} has no memory for a single {self._unit}; free some, or use device='cpu' or "
                "precision='bf16'"
            )
        with self._halving:
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            if self.batch_size == size:
                self.batch_size = size // 2
                self.notes += (
                    f"{self.device} ran out of memory with {size} {self._unit}s at once; {size // 2} were taken",
                )

    @property
    def _unit(self) -> str:
        return "face" if self.input_spec.frames == 1 else "clip"

    @torch.inference_mode()
    def _logits(self, crops: Tensor, size: int) -> dict[str, Tensor]:
        if self._exported is not None:
            return self._checked(self._exported(crops), len(crops))
        count = len(crops)
        images = self.model.preprocess(crops.to(self.device)).to(self.dtype)
        if self._graphs is not None:
            images = torch.cat([images, images.new_zeros(graph_size(count, size) - count, *images.shape[1:])])
        with self._compiling:
            if not self._is_compiled:
                self._run(images_in_channels_last(images.new_zeros(size, *images.shape[1:])))
                self._is_compiled = True
        output = self._run(images_in_channels_last(images))
        if not (isinstance(output, ModelOutput) and output.logits):
            raise PluginError(f"{type(self.model).__name__} must return a ModelOutput with logits, got {output!r:.200}")
        logits = self._checked(output.logits, len(images))
        return {branch: values[:count].float().cpu() for branch, values in logits.items()}

    def _checked(self, logits: Mapping[str, Tensor], count: int) -> dict[str, Tensor]:
        for branch, values in logits.items():
            if tuple(values.shape) != (count, 2):
                raise PluginError(
                    f"{type(self.model).__name__} must return logits [{count}, 2] (fake, real) for branch "
                    f"{branch!r}, got {list(values.shape)}"
                )
        return dict(logits)

    def _run(self, images: Tensor) -> ModelOutput:
        try:
            output: ModelOutput = self._network(images)
        except RuntimeError as error:
            if not type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
                raise
            raise ConfigError(
                f"torch.compile cannot compile the networks here ({first_line(error)}); it needs a C++ compiler on a "
                "CPU and Triton on a GPU: install it, or leave out compile and cuda_graphs (--no-compile)"
            ) from error
        return output

    def _check(self, faces: npt.NDArray[np.uint8] | Tensor, resize: bool) -> None:
        shape, got = self.input_spec.shape, type(faces).__name__
        if isinstance(faces, (np.ndarray, Tensor)):
            got = f"{faces.dtype} {list(faces.shape)}"
            given = tuple(faces.shape[1:])
            square = len(given) == len(shape) and given[-3] == given[-2] > 0
            right = given == shape or (resize and square and given[:-3] + given[-1:] == shape[:-3] + shape[-1:])
            if faces.dtype in (np.uint8, torch.uint8) and right:
                return
        sides = [*shape[:-3], *(("S", "S") if resize else shape[-3:-1]), 3]
        clips = "" if self.input_spec.frames == 1 else f" in clips of {self.input_spec.frames}"
        raise ConfigError(
            f"faces{clips} are RGB uint8 [N, {', '.join(map(str, sides))}], an array or a tensor; got {got}; "
            "Detector.predict takes whole images and finds the faces itself"
        )
