from __future__ import annotations

import numpy as np
import pytest
import torch

from genconvit.core.types import on_host
from genconvit.faces.reduce import reduced, reduced_size


@pytest.mark.parametrize(
    ("size", "ratio", "expected"),
    [
        ((1920, 1080), 480 / 1080, (853, 480)),
        ((100, 50), 2.0, (100, 50)),
        ((5000, 1), 0.1, (500, 1)),
    ],
)
def test_a_size_is_whole_and_never_grows(size: tuple[int, int], ratio: float, expected: tuple[int, int]) -> None:
    assert reduced_size(*size, ratio) == expected


def test_reducing_averages_and_leaves_the_same_size_alone() -> None:
    image = np.zeros((40, 60, 3), dtype=np.uint8)
    image[:, ::2] = 200
    small = reduced(image, 15, 10)
    assert small.shape == (10, 15, 3)
    assert small.dtype == np.uint8
    assert np.abs(small.astype(int) - 100).max() <= 25
    assert reduced(image, 60, 40) is image


@pytest.mark.parametrize(("width", "height"), [(65_000, 1_500), (1_500, 65_000), (3000, 3000)])
def test_a_size_is_bounded_in_pixels_too(width: int, height: int) -> None:
    small = reduced_size(width, height, 1.0, most_pixels=1_000_000)
    assert small[0] * small[1] <= 1_000_000
    assert small[0] * small[1] > 980_000
    assert small[0] / small[1] == pytest.approx(width / height, rel=0.02)


def test_a_size_within_the_bound_is_that_of_the_ratio() -> None:
    assert reduced_size(1920, 1080, 480 / 1080, most_pixels=853 * 480) == (853, 480)


@pytest.mark.parametrize(("width", "height"), [(320, 180), (480, 270), (100, 300)])
def test_a_tensor_is_reduced_to_what_the_array_is(width: int, height: int) -> None:
    random = np.random.default_rng(0)
    smooth = np.kron(random.integers(0, 256, (36, 64, 3)), np.ones((15, 15, 1))).astype(np.uint8)
    array, tensor = reduced(smooth, width, height), reduced(torch.from_numpy(smooth), width, height)
    assert isinstance(tensor, torch.Tensor)
    assert (tensor.dtype, tensor.shape) == (torch.uint8, (height, width, 3))
    difference = np.abs(tensor.numpy().astype(int) - on_host(array).astype(int))
    assert difference.mean() < 2
    same = torch.from_numpy(smooth)
    assert reduced(same, 960, 540) is same
