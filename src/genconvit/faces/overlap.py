"""Boxes of one face that a detector found several times: the surest stays, and what overlaps it too much goes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genconvit.core.types import FloatArray

Rows = npt.NDArray[np.intp]


def surest(
    boxes: FloatArray, scores: FloatArray, groups: Rows, most: float, *, of_smaller: bool = False, last_pixel: int = 0
) -> Rows:
    """Choose boxes by non-maximum suppression, in each group by itself.

    Args:
        boxes: left, top, right, bottom, float32 [n, 4].
        scores: scores, float32 [n].
        groups: number of the group that each box is of, [n].
        most: largest overlap with a surer box that a box may have.
        of_smaller: measure an overlap in the smaller of two boxes' areas, not in the area of both together.
        last_pixel: 1 where right and bottom are the last pixels of a box, 0 where they come after them.

    Returns:
        Rows of the boxes that stay, the surest first; those of equal scores in their order.
    """
    order = np.argsort(-scores, kind="stable")
    left, top, right, bottom = boxes[order].T + np.array([0, 0, last_pixel, last_pixel], np.float32)[:, None]
    areas, groups = (right - left) * (bottom - top), groups[order]
    stay = []
    waiting = np.arange(len(order))
    while len(waiting):
        best, waiting = waiting[0], waiting[1:]
        stay.append(best)
        across = np.minimum(right[best], right[waiting]) - np.maximum(left[best], left[waiting])
        down = np.minimum(bottom[best], bottom[waiting]) - np.maximum(top[best], top[waiting])
        shared = np.maximum(across, 0) * np.maximum(down, 0)
        other = areas[waiting]
        whole = np.minimum(areas[best], other) if of_smaller else areas[best] + other - shared
        waiting = waiting[(shared <= most * whole) | (groups[waiting] != groups[best])]
    return order[stay]
