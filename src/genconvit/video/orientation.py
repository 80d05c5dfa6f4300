"""Orientation that turns and mirrors a stored frame to stand upright, as the display matrix of its file says."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from av.sidedata.sidedata import SideDataContainer, Type
from av.video.frame import VideoFrame

from genconvit.core.types import AnyImage

_side_data: Any = SideDataContainer
"""Called with a frame it gives what ``frame.side_data`` does, which keeps the frame in memory until Python looks for
circles."""

_MATRIX = struct.Struct("=9i")
_SKEW = 0.02
"""Most by which a matrix may turn from a right angle, as the tangent."""


@dataclass(frozen=True)
class Orientation:
    """One of the eight ways to lay a picture on its sides.

    Attributes:
        swapped: rows become columns, before the picture is mirrored.
        mirrored_x: left and right change places.
        mirrored_y: top and bottom change places.
    """

    swapped: bool = False
    mirrored_x: bool = False
    mirrored_y: bool = False

    @classmethod
    def of_matrix(cls, a: int, b: int, c: int, d: int) -> Orientation:
        """The orientation that takes a stored pixel from x, y to ``a x + c y, b x + d y``.

        The numbers' size does not matter, and a matrix that does not turn by a right angle leaves frames as they are.
        """
        swapped = abs(b) > abs(a)
        x, y = (c, b) if swapped else (a, d)
        if not x or not y or max(map(abs, (a, d) if swapped else (b, c))) > _SKEW * min(abs(x), abs(y)):
            return UPRIGHT
        return cls(swapped, x < 0, y < 0)

    @property
    def behind_turn(self) -> Orientation:
        """Orientation that is left to do where a decoder turned a frame by the matrix's angle without mirroring it."""
        if not (self.swapped ^ self.mirrored_x ^ self.mirrored_y):
            return UPRIGHT
        return Orientation(mirrored_x=self.swapped, mirrored_y=not self.swapped)

    def apply(self, image: AnyImage) -> AnyImage:
        """The image laid so: the image itself where there is nothing to do, else a contiguous copy."""
        if self == UPRIGHT:
            return image
        axes = tuple(axis for axis, mirrored in enumerate((self.mirrored_y, self.mirrored_x)) if mirrored)
        if isinstance(image, np.ndarray):
            return np.ascontiguousarray(np.flip(image.swapaxes(0, 1) if self.swapped else image, axes))
        return (image.transpose(0, 1) if self.swapped else image).flip(axes).contiguous()


UPRIGHT = Orientation()
"""The orientation that leaves a frame as it is."""


def orientation_of(frame: VideoFrame) -> Orientation:
    """The orientation that a frame's file or its own data give it."""
    try:
        matrix = bytes(_side_data(frame)[Type.DISPLAYMATRIX])
    except KeyError:
        return UPRIGHT
    if len(matrix) != _MATRIX.size:
        return UPRIGHT
    a, b, _, c, d, *_ = _MATRIX.unpack(matrix)
    return Orientation.of_matrix(a, b, c, d)
