"""The learning rate of a step, as a pure function: a run that is resumed needs no state for it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from genconvit.train.config import TrainConfig


def rate_factor(config: TrainConfig, *, step: int, steps: int, epoch: int, losses: Sequence[float]) -> float:
    """Give the factor by which the learning rate is multiplied in a step.

    Args:
        config: config that names the schedule.
        step: the number of the step, from 0.
        steps: number of steps in all.
        epoch: the number of the epoch that it lies in, from 0.
        losses: losses of every validation so far.

    Examples:
        >>> config = TrainConfig(data="crops", schedule="step")
        >>> [
        ...     rate_factor(config, step=0, steps=9, epoch=epoch, losses=())
        ...     for epoch in (0, 14, 15)
        ... ]
        [1.0, 1.0, 0.1]
    """
    warm = round(config.chosen_warmup * steps)
    rising = min(1.0, (step + 1) / (warm + 1))
    if config.chosen_schedule == "step":
        return float(rising * config.decay_factor ** (epoch // config.step_epochs))
    if config.chosen_schedule == "plateau":
        return float(rising * config.decay_factor ** count_plateaus(losses, config.plateau_patience))
    done = max(0, step - warm) / max(1, steps - 1 - warm)
    falling = (1 + math.cos(math.pi * min(1.0, done))) / 2
    return rising * (config.final_factor + (1 - config.final_factor) * falling)


def count_plateaus(losses: Sequence[float], patience: int) -> int:
    """Count how often a loss has failed to fall below its lowest for so many validations in a row.

    Examples:
        >>> count_plateaus([3, 2, 2, 2, 1, 1], patience=2)
        1
    """
    lowest, waited, plateaus = math.inf, 0, 0
    for loss in losses:
        lowest, waited = (loss, 0) if loss < lowest else (lowest, waited + 1)
        if waited == patience:
            plateaus, waited = plateaus + 1, 0
    return plateaus
