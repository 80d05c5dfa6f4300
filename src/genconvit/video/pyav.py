"""The PyAV decoder: finds every frame by its presentation time and goes on past damage."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import ClassVar
from weakref import WeakSet

import av
import numpy as np
from av.video.frame import VideoFrame

from genconvit.core.types import AnyImage, Frame
from genconvit.video.base import FrameStream, VideoDecoder
from genconvit.video.index import FrameIndex, index_frames
from genconvit.video.indexed import IndexedStream
from genconvit.video.orientation import orientation_of
from genconvit.video.passage import Passage


class PyAVDecoder(VideoDecoder):
    """Decodes with PyAV, which carries its own FFmpeg.

    It reads all that the other decoders read, and damaged files and formats without presentation times besides.
    """

    name: ClassVar[str] = "pyav"

    def open(self, path: Path) -> FrameStream:
        """Index a video's frames; no file stays open until they are read.

        Raises:
            SourceError: FFmpeg cannot open the file, or it holds no video stream or no frame.
        """
        return PyAVStream(path, _from_first_decodable(path, index_frames(path)))


class PyAVStream(IndexedStream):
    """A video read with PyAV.

    A frame that is larger than ``MAX_FRAME_PIXELS``, where the first ones are not, counts as one that cannot be
    decoded.

    Each ``read`` opens the file for itself, so several may run side by side.

    Args:
        path: the video.
        index: index of its frames.
    """

    decoder = "pyav"

    def __init__(self, path: Path, index: FrameIndex) -> None:
        super().__init__(path, index)
        self._readers: WeakSet[Generator[Frame, None, None]] = WeakSet()

    def read(self, indices: Sequence[int]) -> Iterator[Frame]:
        """Yield the frames at these indices; those that cannot be decoded are left out.

        Without presentation times in the file a frame's place is counted, so frames behind one that cannot be decoded
        move up there.

        Raises:
            SourceError: the file can no longer be opened.
        """
        reader = self._read(indices)
        self._readers.add(reader)
        return reader

    def close(self) -> None:
        """End every read and close its file."""
        for reader in list(self._readers):
            reader.close()

    def _read(self, indices: Sequence[int]) -> Generator[Frame, None, None]:
        with Passage(self._path, self._index) as passage:
            for position, frame in passage.frames(indices):
                try:
                    image = _upright(frame)
                except (av.FFmpegError, ValueError):
                    continue
                yield Frame(position, self._index.seconds(position), image)


def _from_first_decodable(path: Path, index: FrameIndex) -> FrameIndex:
    """The index from the first frame on that decodes, where no packet is one that decoding can begin with.

    Such are pictures that are renewed part by part.
    """
    if index.keys or not index.numbers:
        return index
    with Passage(path, index) as passage:
        first = next(passage.frames(range(index.frame_count)), None)
    return index.without_first(first[0]) if first and first[0] else index


def _upright(frame: VideoFrame) -> AnyImage:
    """The frame's pixels, RGB uint8 [height, width, 3], as it is to be seen."""
    return orientation_of(frame).apply(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
