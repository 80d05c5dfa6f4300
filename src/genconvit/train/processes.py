"""The device and the processes of a training, by way of accelerate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import torch

from genconvit.core.errors import ConfigError
from genconvit.core.optional import require
from genconvit.train.config import TrainConfig

T = TypeVar("T")


def accelerator_for(config: TrainConfig) -> Any:  # noqa: ANN401 - accelerate is optional
    """What knows the device, the precision and the other processes.

    Raises:
        ConfigError: a package is not installed, or accelerate was configured for a way of sharing that is not served.
    """
    require("accelerate", package="accelerate", extra="train", purpose="a training")
    require("sklearn", package="scikit-learn", extra="train", purpose="a training")
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState
    from accelerate.utils import DistributedDataParallelKwargs

    AcceleratorState._reset_state(False)  # accelerate keeps one for all, of the first training's precision
    accelerator = Accelerator(
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
    return accelerator


@contextmanager
def own_chance(device: torch.device) -> Iterator[None]:
    """Leave the caller's random generators as they were."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        yield


def from_the_first(accelerator: Any, make: Callable[[], T]) -> T:  # noqa: ANN401 - accelerate is optional
    """What the first process makes, in every process; the others wait for it."""
    from accelerate.utils import broadcast_object_list

    made = [make() if accelerator.is_main_process else None]
    return cast("T", broadcast_object_list(made)[0])
