"""Base of every stream over a frame index: it knows of its frames before one is decoded."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from genconvit.video.base import FrameStream
from genconvit.video.index import FrameIndex
from genconvit.video.orientation import UPRIGHT, Orientation, orientation_of
from genconvit.video.passage import Passage
from genconvit.video.square_pixels import SQUARE

_FIRST = 16
"""Number of first frames that may not decode before a stream is taken for one that says nothing of its orientation."""


class IndexedStream(FrameStream):
    """A video file whose frames are counted and placed by the frame index, whatever decodes them.

    Args:
        path: the video.
        index: index of its frames.
    """

    def __init__(self, path: Path, index: FrameIndex) -> None:
        self._path = path
        self._index = index

    @property
    def frame_count(self) -> int:
        """The frames that the index found."""
        return self._index.frame_count

    @property
    def announced_count(self) -> int | None:
        """Number of frames that the file's header promises, where packets of some are missing."""
        return self._index.announced_count

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes of the index."""
        return self._index.notes

    @property
    def pixel_aspect(self) -> Fraction:
        """A pixel's width over its height in frames that stand upright."""
        aspect = self._index.pixel_aspect
        return 1 / aspect if aspect != SQUARE and self.orientation.swapped else aspect

    @cached_property
    def orientation(self) -> Orientation:
        """Orientation that stored frames are laid by to stand upright, from the first one that decodes."""
        with Passage(self._path, self._index) as passage:
            first = next(passage.frames(range(min(_FIRST, self.frame_count))), None)
        return orientation_of(first[1]) if first else UPRIGHT

    @property
    def keyframes(self) -> Sequence[int] | None:
        """The index's key frames; None where the file has no times to place them by."""
        return self._index.keys or None

    def seconds(self, index: int) -> float | None:
        """Give the time of a frame in seconds, by the index."""
        return self._index.seconds(index)


def misplaced(decoder: str, index: FrameIndex) -> str:
    """Say why a decoder that finds frames by their times alone is not given a file whose times are not steady."""
    if index.pts:
        return f"{decoder} would misplace its frames, whose times jump back or are equal"
    return f"{decoder} misplaces the frames of this format ({index.container})"
