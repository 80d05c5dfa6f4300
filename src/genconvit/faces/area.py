"""Pixels averaged over the exact areas of a coarser grid, for many rectangles of images at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genconvit.core.types import FloatArray

_Ints = npt.NDArray[np.int64]
_Edges = tuple[_Ints, _Ints]
"""First pixel of each cell along an axis, and the pixel after its last."""


class Areas:
    """Sums over rectangles of images, from which means are made in any size.

    A cell of the grid has all pixels that it touches, each in full, as with ``torch.nn.functional.interpolate`` and
    ``mode="area"``, whose numbers these are to the bit: sums of whole numbers are exact.

    Args:
        images: uint8 [n, height, width, 3].
    """

    def __init__(self, images: npt.NDArray[np.uint8]) -> None:
        count, height, width, channels = images.shape
        # Sums may wrap around: differences of two are right as long as they fit themselves.
        self._sums = np.zeros((count, height + 1, width + 1, channels), np.int32)
        np.cumsum(images, axis=1, dtype=np.int32, out=self._sums[:, 1:, 1:])
        np.cumsum(self._sums[:, 1:, 1:], axis=2, out=self._sums[:, 1:, 1:])
        self._height, self._width = height, width

    def whole(self, height: int, width: int) -> FloatArray:
        """Give the images in another size: float32 [n, height, width, 3], from 0 to 255."""
        top, bottom = _edges(np.array([0]), np.array([self._height]), height)
        left, right = _edges(np.array([0]), np.array([self._width]), width)
        rows = self._sums[:, bottom[0]] - self._sums[:, top[0]]
        cells = rows[:, :, right[0]] - rows[:, :, left[0]]
        return _means(cells, (bottom - top)[..., None, None], (right - left)[:, None, :, None])

    def squares(self, images: _Ints, boxes: _Ints, size: int) -> FloatArray:
        """Give rectangles of the images as squares: float32 [k, size, size, 3], from 0 to 255.

        Args:
            images: number of the image that each rectangle is of, [k].
            boxes: left, top, right, bottom in pixels of the image, [k, 4]; within it, of at least one pixel.
            size: side of the squares in pixels.
        """
        left, right = (each[:, None, :] for each in _edges(boxes[:, 0], boxes[:, 2], size))
        top, bottom = (each[:, :, None] for each in _edges(boxes[:, 1], boxes[:, 3], size))
        of = images[:, None, None]
        cells = self._sums[of, bottom, right] - self._sums[of, top, right]
        cells -= self._sums[of, bottom, left]
        cells += self._sums[of, top, left]
        return _means(cells, (bottom - top)[..., None], (right - left)[..., None])


def _edges(starts: _Ints, stops: _Ints, cells: int) -> _Edges:
    """The pixels that each cell touches, [k, cells] each, where so many cells share the pixels of each of k spans."""
    lengths, steps = (stops - starts)[:, None], np.arange(cells)
    first = starts[:, None] + steps * lengths // cells
    after = starts[:, None] - (-(steps + 1) * lengths // cells)
    return first, after


def _means(sums: npt.NDArray[np.int32], heights: _Ints, widths: _Ints) -> FloatArray:
    means: FloatArray = sums.astype(np.float32)
    means /= heights.astype(np.float32)
    means /= widths.astype(np.float32)
    return means
