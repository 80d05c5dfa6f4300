from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from genconvit.errors import ConfigError
from genconvit.video.sampling import evenly_spaced


@pytest.mark.parametrize("frames", [2, 3, 15, 64])
def test_equals_the_references_truncated_linspace(frames: int) -> None:
    for count in range(frames, 2000, 3):
        assert evenly_spaced(count, frames) == np.linspace(0, count - 1, frames, dtype=int).tolist()


def test_follows_the_rounding_of_linspace_where_exact_division_would_not() -> None:
    assert evenly_spaced(123, 15)[7] == 60
    assert 7 * 122 // 14 == 61


@pytest.mark.parametrize("count", [1, 2, 14, 15, 16, 29, 300, 9001])
@pytest.mark.parametrize("frames", [-1, 1, 2, 15, 16])
def test_indices_increase_strictly_within_the_video(count: int, frames: int) -> None:
    indices = evenly_spaced(count, frames)
    assert indices[0] == 0
    assert all(earlier < later for earlier, later in pairwise(indices))
    assert indices[-1] == (0 if frames == 1 else count - 1)
    assert len(indices) == (count if frames == -1 else min(count, frames))


@pytest.mark.parametrize("frames", [0, -2, -15])
def test_refuses_a_number_of_frames_that_means_nothing(frames: int) -> None:
    with pytest.raises(ConfigError, match=rf"frames is {frames}; allowed are 1 and above, or -1 for all"):
        evenly_spaced(100, frames)
