"""Trainings of ``small``, whole and broken off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from genconvit.train.fit import TrainResult, fit
from genconvit.train.loop import TrainStep

from .small import small_config


class BrokenOffError(Exception):
    """A run that is broken off."""


def trained(crops: Path, out: Path, **options: Any) -> TrainResult:
    return fit(small_config(crops, out, **options))


def broken_off_and_resumed(crops: Path, out: Path, step: int, **options: Any) -> TrainResult:
    def stop(taken: TrainStep) -> None:
        if taken.step == step:
            raise BrokenOffError

    config = small_config(crops, out, checkpoint_steps=1, **options)
    with pytest.raises(BrokenOffError):
        fit(config, tell=stop)
    return fit(config, resume=True)


def furthest(one: str, other: str) -> float:
    first, second = load_file(one), load_file(other)
    assert first.keys() == second.keys()
    return max(float((first[name] - second[name]).abs().max()) for name in first)
