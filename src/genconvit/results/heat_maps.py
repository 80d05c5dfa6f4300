"""Heat maps of a result's faces, as data for who draws them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from genconvit.core.types import FloatArray


@dataclass(frozen=True, eq=False)
class ResultHeatMaps:
    """One heat map a face, all in one unit, so that faces can be compared.

    Attributes:
        method: method that made them, in words.
        unit: unit of their values.
        maps: float32 [h, w], 0 or more, by the number of the face in ``VideoResult.faces``; a map covers the face's
            ``crop``. Faces may be missing.
    """

    method: str
    unit: str
    maps: Mapping[int, FloatArray]

    def __post_init__(self) -> None:
        for number, each in self.maps.items():
            if each.ndim != 2 or not each.size or not (np.isfinite(each).all() and each.min() >= 0):
                got = f"{list(each.shape)}, from {each.min():g} to {each.max():g}" if each.size else list(each.shape)
                raise ValueError(f"a face's heat map is [h, w] with finite values of 0 or more; got {got} for {number}")

    @cached_property
    def hottest(self) -> float:
        """The largest value of all maps; 0 where there is none."""
        return max((float(each.max()) for each in self.maps.values()), default=0.0)

    def of_face(self, number: int) -> FloatArray | None:
        """The map of a face divided by the largest value of all, float32 [h, w] in [0, 1]; None where it has none.

        Args:
            number: number of the face in the result, counted from 0.
        """
        found = self.maps.get(number)
        if found is None:
            return None
        return found / np.float32(self.hottest) if self.hottest else np.zeros_like(found)
