"""Contrast-limited adaptive histogram equalisation: local contrast, with a bound on how much of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_LEVELS = 256
_TILES = 8
"""Along each side, as far as there are pixels."""

Grey = npt.NDArray[np.uint8]
Values = npt.NDArray[np.float32]


def clahe(grey: Grey, clip: float) -> Values:
    """Equalise the histogram around every pixel (Zuiderveld, Graphics Gems IV, 1994).

    Unlike scikit-image's, it does not stretch the image to the whole range first, and a flat image stays as it is.

    Args:
        grey: uint8 [height, width].
        clip: most height of a bin, as a multiple of a flat histogram's, at least 1; what is cut off is spread over all
            bins.

    Returns:
        Float32 [height, width] in [0, 255].
    """
    rows, columns = (_Axis(length) for length in grey.shape)
    tiles = rows.tiles * columns.tiles
    padded = np.pad(grey, ((0, rows.padding), (0, columns.padding)), mode="symmetric")
    numbers = (np.arange(len(padded)) // rows.step)[:, None] * columns.tiles + np.arange(
        padded.shape[1]
    ) // columns.step
    counts = np.bincount((numbers * _LEVELS + padded).ravel(), minlength=tiles * _LEVELS).reshape(tiles, _LEVELS)
    area = rows.step * columns.step
    limited = np.minimum(counts, clip * area / _LEVELS)
    limited += (area - limited.sum(axis=1, keepdims=True)) / _LEVELS
    middles = np.cumsum(limited, axis=1) - limited / 2
    curves = (middles * (_LEVELS / area) - 0.5).astype(np.float32)
    equal = np.zeros(grey.shape, np.float32)
    for row, row_weight in rows.neighbours():
        for column, column_weight in columns.neighbours():
            tile = row[:, None] * columns.tiles + column
            equal += row_weight[:, None] * column_weight * curves[tile, grey]
    return np.clip(equal, 0, _LEVELS - 1)


class _Axis:
    """A side, divided into tiles of equal length, the last of which may reach beyond it."""

    def __init__(self, length: int) -> None:
        self._length = length
        self.step = -(-length // min(_TILES, length))
        self.tiles = -(-length // self.step)
        self.padding = self.tiles * self.step - length

    def neighbours(self) -> list[tuple[npt.NDArray[np.intp], Values]]:
        """Give each pixel the tiles before and after it, each with its weight."""
        place = np.clip((np.arange(self._length) + 0.5) / self.step - 0.5, 0, self.tiles - 1)
        first = np.floor(place).astype(np.intp)
        weight = (place - first).astype(np.float32)
        return [(first, 1 - weight), (np.minimum(first + 1, self.tiles - 1), weight)]
