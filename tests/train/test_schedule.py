from __future__ import annotations

from typing import Any

import pytest

from genconvit.train.config import TrainConfig
from genconvit.train.schedule import count_plateaus, rate_factor


def factors(steps: int, *, epoch_steps: int = 1, losses: tuple[float, ...] = (), **options: Any) -> list[float]:
    config = TrainConfig(data="crops", **options)
    return [
        rate_factor(config, step=step, steps=steps, epoch=step // epoch_steps, losses=losses) for step in range(steps)
    ]


def test_the_original_falls_to_a_tenth_after_15_epochs_as_the_reference_does() -> None:
    found = factors(62, epoch_steps=2)
    assert found[:30] == [1.0] * 30
    assert found[30:60] == pytest.approx([0.1] * 30)
    assert found[60:] == pytest.approx([0.01] * 2)


def test_v2_rises_and_falls_along_a_cosine() -> None:
    found = factors(101, architecture="v2", warmup=0.1, final_factor=0.0)
    assert found[0] == pytest.approx(1 / 11)
    assert max(found) == found[10] == 1
    assert found[55] == pytest.approx(0.5)
    assert found[-1] == pytest.approx(0)
    assert sorted(found[10:], reverse=True) == found[10:]


def test_a_cosine_ends_where_it_is_told_to() -> None:
    assert factors(50, schedule="cosine", final_factor=0.2)[-1] == pytest.approx(0.2)
    assert factors(1, schedule="cosine") == [1.0]


def test_a_plateau_is_read_off_the_losses() -> None:
    assert count_plateaus((3, 2, 1), patience=1) == 0
    assert count_plateaus((1, 1, 1, 1), patience=2) == 1
    assert count_plateaus((1, 2, 3, 4, 5), patience=2) == 2
    found = factors(1, schedule="plateau", plateau_patience=2, losses=(1, 1, 1), decay_factor=0.5)
    assert found == [0.5]
