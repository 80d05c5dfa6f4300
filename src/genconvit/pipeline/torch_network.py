"""A model on its device, run by PyTorch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genconvit.core.device import AnyDevice, Device, Precision
from genconvit.core.errors import ConfigError, PluginError
from genconvit.core.graph_thread import graph_thread
from genconvit.core.text import first_line
from genconvit.core.types import FloatArray
from genconvit.models.base import Architecture, ModelOutput
from genconvit.nn.channels_last import images_in_channels_last, network_in_channels_last

DTYPES: dict[Precision, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16}

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


class TorchNetwork:
    """Runs an architecture in PyTorch. Safe to call from several threads.

    Args:
        model: model on the CPU, in evaluation mode.
        device: device to run it on.
        precision: precision of its parameters and activations; logits are always float32.
        compile: run it through ``torch.compile``, which takes a minute or more at the first batch. A full batch of
            nothing comes before it, since what is compiled follows from the first batch's size.
        cuda_graphs: replay it as CUDA graphs, by ``torch.compile``, in a thread of their own; batches are filled up, as
            ``graph_size`` says.

    Attributes:
        model: the model on the device.
        name: name of its class.
        input_spec: input of the model.
        device: device that it runs on.
        dtype: type of its parameters and activations.

    Raises:
        ConfigError: CUDA graphs were asked for on another device.
    """

    def __init__(
        self,
        model: Architecture,
        *,
        device: AnyDevice,
        precision: Precision,
        compile: bool = False,  # noqa: A002 - torch's own word
        cuda_graphs: bool = False,
    ) -> None:
        if cuda_graphs and device.type != "cuda":
            raise ConfigError(f"cuda_graphs needs a CUDA device, got {device}; leave it out, or set device='cuda'")
        self.dtype = DTYPES[precision]
        self.device = Device(device)
        self.model = network_in_channels_last(model.to(device=device, dtype=self.dtype))
        self.name = type(model).__name__
        self.input_spec = model.input_spec
        self._compiling = threading.Lock()
        self._is_compiled = not compile or cuda_graphs
        self._graphs = graph_thread() if cuda_graphs else None
        self._network: Callable[[Tensor], ModelOutput] = self.model
        if compile or cuda_graphs:
            mode = "reduce-overhead" if cuda_graphs else "default"
            self._network = torch.compile(self.model, mode=mode, dynamic=not cuda_graphs)

    def __call__(self, crops: npt.NDArray[np.uint8] | Tensor, batch_size: int) -> Mapping[str, FloatArray]:
        """Give logits; see ``genconvit.pipeline.scorer.Network``."""
        tensor = torch.tensor(crops) if isinstance(crops, np.ndarray) else crops
        if self._graphs is not None:
            return self._graphs.submit(self._logits, tensor, batch_size).result()
        return self._logits(tensor, batch_size)

    def free_memory(self) -> None:
        """Empty the cache of a GPU's memory."""
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    @torch.inference_mode()
    def _logits(self, crops: Tensor, size: int) -> dict[str, FloatArray]:
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
            raise PluginError(f"{self.name} must return a ModelOutput with logits, got {output!r:.200}")
        filled = len(images) - count
        kept = {branch: values[:-filled] if filled else values for branch, values in output.logits.items()}
        return {branch: values.float().cpu().numpy() for branch, values in kept.items()}

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
