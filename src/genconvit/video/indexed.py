"""What every stream over a frame index has in common: what it knows of its frames before one is decoded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from genconvit.video.base import FrameStream
from genconvit.video.index import FrameIndex


class IndexedStream(FrameStream):
    """A video file whose frames are counted and placed by the frame index, whatever decodes them.

    Args:
        path: the video.
        index: its frames.
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
        """How many frames the file's header promises, where packets of some are missing."""
        return self._index.announced_count

    @property
    def keyframes(self) -> Sequence[int] | None:
        """The index's key frames; None where the file has no times to place them by."""
        return self._index.keys or None

    def seconds(self, index: int) -> float | None:
        """When a frame is shown, by the index."""
        return self._index.seconds(index)
