from __future__ import annotations

import numpy as np
import pytest

from genconvit import HeatMap


def test_values_are_shares_of_the_maximum() -> None:
    heat_map = HeatMap(np.array([[0, 1], [2, 4]], np.float32), 8)
    assert (heat_map.grid, heat_map.maximum) == ((2, 2), 4.0)
    np.testing.assert_array_equal(heat_map.values, np.array([[0, 0.25], [0.5, 1]], np.float32))
    assert heat_map.values.dtype.name == "float32"


def test_it_is_brought_to_the_size_of_the_crop() -> None:
    upsampled = HeatMap(np.array([[0, 1], [2, 4]], np.float32), 8).upsampled
    assert (upsampled.shape, upsampled.dtype.name) == ((8, 8), "float32")
    corners = upsampled[[0, 0, -1, -1], [0, -1, 0, -1]]
    np.testing.assert_array_equal(corners, np.array([0, 0.25, 0.5, 1], np.float32))
    np.testing.assert_allclose(upsampled.mean(), 7 / 16, rtol=1e-6)


def test_a_map_of_zeros_stays_one() -> None:
    heat_map = HeatMap(np.zeros((2, 2), np.float32), 4)
    assert heat_map.maximum == 0
    assert not heat_map.values.any()
    assert not heat_map.upsampled.any()


def test_the_frames_of_a_clip_share_a_maximum() -> None:
    raw = np.stack([np.full((2, 2), 1, np.float32), np.full((2, 2), 2, np.float32)])
    heat_map = HeatMap(raw, 6)
    assert heat_map.grid == (2, 2)
    assert [frame.mean() for frame in heat_map.upsampled] == [0.5, 1.0]
    assert heat_map.upsampled.shape == (2, 6, 6)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (np.zeros((2, 2)), r"float32 \[h, w\] or \[frames, h, w\]; got float64 \[2, 2\]"),
        (np.zeros(4, np.float32), r"got float32 \[4\]"),
        (np.zeros((0, 2), np.float32), r"got float32 \[0, 2\]"),
        ([[1.0]], "got list"),
        (np.array([[np.nan]], np.float32), "finite and 0 or more; got nan"),
        (np.array([[-1]], np.float32), r"0 or more; got -1\.0 to -1\.0"),
    ],
)
def test_it_refuses_what_is_no_heat_map(raw: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        HeatMap(raw, 8)
