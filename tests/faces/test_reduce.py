from __future__ import annotations

import numpy as np
import pytest

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
