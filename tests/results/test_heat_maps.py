"""Heat maps of a result's faces have one scale, so that faces can be compared."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from genconvit import ResultHeatMaps


def maps(**values: npt.ArrayLike) -> ResultHeatMaps:
    return ResultHeatMaps("Grad-CAM", "logit", {int(n[1:]): np.array(v, np.float32) for n, v in values.items()})


def test_the_hottest_face_is_hot_and_others_are_as_hot_as_they_are_beside_it() -> None:
    found = maps(_0=[[0, 4]], _2=[[1, 2]])
    assert found.hottest == 4
    first, second, third = (found.of_face(number) for number in (0, 1, 2))
    assert first is not None
    assert third is not None
    assert (first.tolist(), second, third.tolist()) == ([[0, 1]], None, [[0.25, 0.5]])


def test_maps_of_zeros_stay_zeros() -> None:
    found = maps(_0=[[0, 0]])
    zeros = found.of_face(0)
    assert found.hottest == 0
    assert zeros is not None
    assert zeros.tolist() == [[0, 0]]
    assert maps().hottest == 0


@pytest.mark.parametrize("values", [[0, 1], [[-1, 0]], [[np.nan, 0]], [[np.inf, 0]], [[]]])
def test_what_is_no_map_is_refused(values: npt.ArrayLike) -> None:
    with pytest.raises(ValueError, match=r"is \[h, w\] with finite values of 0 or more; got .* for 3"):
        maps(_3=values)
