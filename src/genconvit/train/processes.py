"""The device and the processes of a training, by way of accelerate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeVar, cast

import torch
from torch import Tensor, nn

from genconvit.core.errors import ConfigError
from genconvit.core.optional import require
from genconvit.train.config import TrainConfig

T = TypeVar("T")


class Accelerator(Protocol):
    """Members that a training uses of accelerate's class of that name, which need not be installed."""

    @property
    def device(self) -> torch.device:
        """Device of this process."""

    @property
    def num_processes(self) -> int:
        """Number of processes that train together."""

    @property
    def process_index(self) -> int:
        """Number of this process among them, from 0."""

    @property
    def is_main_process(self) -> bool:
        """True in the first process alone."""

    def prepare_model(self, model: nn.Module) -> nn.Module:
        """Move a model to the device, and wrap it where several processes train it."""

    def autocast(self) -> AbstractContextManager[None]:
        """Compute in the training's precision."""

    def no_sync(self, model: nn.Module) -> AbstractContextManager[None]:
        """Keep the gradients of a wrapped model from being averaged over the processes."""

    def backward(self, loss: Tensor) -> None:
        """Add a loss's gradients to those that are there."""

    def clip_grad_norm_(self, parameters: Iterable[nn.Parameter], max_norm: float) -> Tensor:
        """Shorten the gradients to a norm, and return the one that they had."""

    def reduce(self, tensor: Tensor, reduction: str) -> Tensor:
        """Join the tensors of all processes, by ``"sum"`` or ``"mean"``."""

    def wait_for_everyone(self) -> None:
        """Return when every process has come here."""


def accelerator_for(config: TrainConfig) -> Accelerator:
    """Make the accelerator, which knows the device, the precision and the other processes.

    Raises:
        ConfigError: a package is not installed, or accelerate was configured for a way of sharing that is not served.
    """
    require("accelerate", package="accelerate", extra="train", purpose="a training")
    require("sklearn", package="scikit-learn", extra="train", purpose="a training")
    import accelerate
    from accelerate.state import AcceleratorState
    from accelerate.utils import DistributedDataParallelKwargs

    AcceleratorState._reset_state(False)  # accelerate keeps one for all, of the first training's precision
    accelerator = accelerate.Accelerator(
        mixed_precision="bf16" if config.precision == "bf16" else "no",
        cpu=config.device == "cpu",
        kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=config.unfreeze_epoch is not None)],
    )
    kind = accelerator.distributed_type.value
    if kind not in ("NO", "MULTI_GPU", "MULTI_CPU"):
        raise ConfigError(
            f"accelerate was configured for {kind}, and a training's states are written for whole models; use DDP "
            "(torchrun, or accelerate launch --multi_gpu), which the largest of these networks fits"
        )
    return cast("Accelerator", accelerator)


@contextmanager
def own_chance(device: torch.device) -> Iterator[None]:
    """Leave the caller's random generators as they were."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        yield


def from_the_first(accelerator: Accelerator, make: Callable[[], T]) -> T:
    """Make a value in the first process, and give it to every process; the others wait for it."""
    from accelerate.utils import broadcast_object_list

    made = [make() if accelerator.is_main_process else None]
    return cast("T", broadcast_object_list(made)[0])
