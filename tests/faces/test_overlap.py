from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.ops import batched_nms

from genconvit.faces.overlap import surest


@pytest.mark.parametrize("most", [0.5, 0.7])
@pytest.mark.parametrize("seed", range(5))
def test_what_stays_is_what_torchvision_keeps(seed: int, most: float) -> None:
    chance = np.random.default_rng(seed)
    corners = chance.uniform(0, 100, (300, 2))
    boxes = np.concatenate([corners, corners + chance.uniform(10, 60, (300, 2))], axis=1).round().astype(np.float32)
    scores, groups = chance.random(300).astype(np.float32), chance.integers(0, 3, 300)
    kept = batched_nms(torch.from_numpy(boxes), torch.from_numpy(scores), torch.from_numpy(groups), most)
    assert surest(boxes, scores, groups, most).tolist() == kept.tolist()
    assert 3 < len(kept) < 300


def test_a_small_box_inside_a_surer_one_goes_where_the_smaller_area_counts() -> None:
    boxes = np.array([[0, 0, 99, 99], [40, 40, 59, 59]], np.float32)
    scores, groups = np.array([0.9, 0.8], np.float32), np.zeros(2, int)
    assert surest(boxes, scores, groups, 0.7).tolist() == [0, 1]
    assert surest(boxes, scores, groups, 0.7, of_smaller=True, last_pixel=1).tolist() == [0]
    assert surest(boxes, scores, np.array([0, 1]), 0.7, of_smaller=True).tolist() == [0, 1]


def test_nothing_is_chosen_from_nothing() -> None:
    nothing = np.empty(0, np.float32)
    assert surest(np.empty((0, 4), np.float32), nothing, np.empty(0, int), 0.5).tolist() == []
