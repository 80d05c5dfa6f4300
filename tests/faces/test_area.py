from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from genconvit.faces.area import Areas

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 97, 131, 3), np.uint8)
TENSOR = torch.from_numpy(IMAGES).permute(0, 3, 1, 2).float()


@pytest.mark.parametrize("size", [(49, 66), (24, 24), (97, 131), (150, 140), (13, 7)])
def test_whole_images_are_pytorchs_to_the_bit(size: tuple[int, int]) -> None:
    wanted = interpolate(TENSOR, size=size, mode="area").permute(0, 2, 3, 1).numpy()
    assert np.array_equal(Areas(IMAGES).whole(*size), wanted)


@pytest.mark.parametrize("side", [24, 48])
def test_rectangles_are_pytorchs_to_the_bit(side: int) -> None:
    boxes = np.array([[0, 0, 131, 97], [3, 4, 20, 40], [100, 90, 131, 97], [5, 5, 6, 6], [10, 10, 34, 34]])
    images = np.array([0, 1, 0, 1, 1])
    found = Areas(IMAGES).squares(images, boxes, side)
    for image, (left, top, right, bottom), square in zip(images, boxes, found, strict=True):
        cut = TENSOR[image : image + 1, :, top:bottom, left:right]
        wanted = interpolate(cut, size=(side, side), mode="area")[0].permute(1, 2, 0).numpy()
        assert np.array_equal(square, wanted)


def test_no_rectangle_is_no_square() -> None:
    assert Areas(IMAGES).squares(np.empty(0, int), np.empty((0, 4), int), 24).shape == (0, 24, 24, 3)
