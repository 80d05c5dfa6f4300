from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from genconvit.train.ema import averaged


def test_the_average_follows_ever_more_slowly_until_its_decay() -> None:
    model = nn.BatchNorm1d(1)
    average = averaged(model, decay=0.5)
    with torch.no_grad():
        model.weight.fill_(0)
    average.update_parameters(model)
    assert value(average, "weight") == 0
    with torch.no_grad():
        model.weight.fill_(1)
    average.update_parameters(model)
    assert value(average, "weight") == pytest.approx(1 - 2 / 11)
    before = value(average, "weight")
    for _ in range(30):
        average.update_parameters(model)
    with torch.no_grad():
        model.weight.fill_(3)
    average.update_parameters(model)
    assert value(average, "weight") == pytest.approx(2, abs=0.01)
    assert before < 1


def test_running_statistics_are_averaged_and_counts_are_not() -> None:
    model = nn.BatchNorm1d(1)
    average = averaged(model, decay=0.9)
    average.update_parameters(model)
    model.state_dict()["running_mean"].fill_(11)
    model.state_dict()["num_batches_tracked"].fill_(7)
    average.update_parameters(model)
    assert value(average, "running_mean") == pytest.approx(9)
    assert value(average, "num_batches_tracked") == 7


def value(average: AveragedModel, name: str) -> float:
    return float(average.module.state_dict()[name])
