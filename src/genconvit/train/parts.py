"""Parts that a training works with, put together from its config, its model and its data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from genconvit.core.errors import ConfigError
from genconvit.models.base import Architecture
from genconvit.nn.channels_last import network_in_channels_last
from genconvit.train.config import TrainConfig
from genconvit.train.data import Data
from genconvit.train.ema import averaged
from genconvit.train.feed import Examples
from genconvit.train.freeze import check_prefixes, freeze
from genconvit.train.losses import LossWeights, loss_weights_of
from genconvit.train.processes import Accelerator
from genconvit.train.sampler import EpochSampler, steps_of_epoch
from genconvit.weights.reference import VARIATIONAL_PREFIX


@dataclass(frozen=True, eq=False)
class TrainingParts:
    """Parts that a training works with.

    Attributes:
        config: config of the training.
        accelerator: the object of accelerate's that knows the device, the precision and the other processes.
        model: model as it was built, on the device.
        wrapped: model as accelerate wrapped it for several processes.
        optimiser: optimiser of all of the model's parameters, in their order.
        average: moving average of the model, or None.
        loss_weights: weights of the parts of the loss.
        sampler: sampler that gives the order of the training split.
        train: the examples of the training split.
        valid: the examples of the valid split, but the fakes that are held out.
        frozen_parameters: names of parameters that are not trained at all.
        unseen: the fakes that are held out; None where there are none.
        notes: notes that a reader of the result must know.
    """

    config: TrainConfig
    accelerator: Accelerator
    model: Architecture
    wrapped: nn.Module
    optimiser: torch.optim.Optimizer
    average: AveragedModel | None
    loss_weights: LossWeights
    sampler: EpochSampler
    train: Examples
    valid: Examples
    frozen_parameters: tuple[str, ...]
    unseen: Examples | None = None
    notes: tuple[str, ...] = ()

    @property
    def kept(self) -> Architecture:
        """The model that is validated and kept: the moving average where there is one."""
        return self.model if self.average is None else cast("Architecture", self.average.module)

    @property
    def steps(self) -> int:
        """Number of steps of the training."""
        return self.config.steps or self.config.epochs * self.epoch_steps

    @property
    def epoch_steps(self) -> int:
        """Number of steps of an epoch."""
        return steps_of_epoch(self.sampler, self.config.accumulation)


def make_parts(config: TrainConfig, accelerator: Accelerator, model: Architecture, data: Data) -> TrainingParts:
    """Put a model and its data together for training.

    Raises:
        ConfigError: a name to freeze is none of the model's, or there are fewer examples than processes.
    """
    frozen_parameters = () if config.kl_weight else (VARIATIONAL_PREFIX,)
    check_prefixes(model, config.freeze)
    # Convolutions are up to twice as fast so, on a CPU as on a GPU; what is written is contiguous.
    network_in_channels_last(model)
    average = averaged(model, config.ema).to(accelerator.device) if config.ema else None
    freeze(model, frozen_parameters if config.unfreeze_epoch is not None else (*frozen_parameters, *config.freeze))
    wrapped = accelerator.prepare_model(model.train())
    sampler = EpochSampler(
        labels=data.train.labels,
        batch_size=config.batch_size,
        processes=accelerator.num_processes,
        seed=config.seed,
        balance=config.balance,
    )
    if not sampler.batches:
        raise ConfigError(
            f"{len(sampler.labels)} crops are too few for {sampler.processes} processes; use fewer processes, "
            "or more data"
        )
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[config.optimiser]
    return TrainingParts(
        config=config,
        accelerator=accelerator,
        model=model,
        wrapped=wrapped,
        optimiser=kind(model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay),
        average=average,
        loss_weights=loss_weights_of(config, model),
        sampler=sampler,
        train=data.train,
        valid=data.valid,
        unseen=data.unseen,
        frozen_parameters=frozen_parameters,
        notes=data.notes,
    )
