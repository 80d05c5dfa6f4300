"""The PyAV decoder: finds every frame by its presentation time and goes on past damage."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import ClassVar
from weakref import WeakSet

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from genconvit.errors import SourceError
from genconvit.types import Frame, ImageArray
from genconvit.video.base import FrameStream, VideoDecoder
from genconvit.video.index import FrameIndex, index_frames, limited_decoding, open_container, video_stream
from genconvit.video.names import source_name

_SEEK_GAIN = 16
_SEEK_TRIES = 3

_Placed = tuple[int, VideoFrame]


class PyAVDecoder(VideoDecoder):
    """Decodes with PyAV, which carries its own FFmpeg.

    It reads what decord cannot: damaged files, formats without presentation times, and platforms without a decord
    wheel.
    """

    name: ClassVar[str] = "pyav"

    def open(self, path: Path) -> FrameStream:
        """Index a video's frames; no file stays open until they are read.

        Raises:
            SourceError: FFmpeg cannot open the file, or it holds no video stream or no frame.
        """
        return PyAVStream(path, index_frames(path))


class PyAVStream(FrameStream):
    """A video read with PyAV.

    A frame that is larger than ``MAX_FRAME_PIXELS``, where the first ones are not, counts as one that cannot be
    decoded.

    Each ``read`` opens the file for itself, so several may run side by side.

    Args:
        path: the video.
        index: its frames.
    """

    decoder = "pyav"

    def __init__(self, path: Path, index: FrameIndex) -> None:
        self._path = path
        self._index = index
        self._readers: WeakSet[Generator[Frame, None, None]] = WeakSet()

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
        with _Cursor(self._path, self._index) as cursor:
            for position in indices:
                frame = cursor.frame_at(position)
                if frame is None:
                    continue
                try:
                    image = _upright(frame)
                except (av.FFmpegError, ValueError):
                    continue
                yield Frame(position, self._index.seconds(position), image)


class _Cursor:
    """A place in an opened video that moves forward to the frames asked for."""

    def __init__(self, path: Path, index: FrameIndex) -> None:
        self._path = path
        self._index = index
        self._position_at = {pts: position for position, pts in enumerate(index.pts)}
        self._opened = ExitStack()
        self._ahead: _Placed | None = None
        self._seekable = True
        self._frames: Iterator[_Placed] = iter(())
        self._rewind()

    def __enter__(self) -> _Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def frame_at(self, target: int) -> VideoFrame | None:
        """The frame at a position not before the last one asked for; None where it cannot be decoded."""
        reached = self._ahead[0] if self._ahead else -1
        slot = bisect_right(self._index.keys, target) - 1
        if self._seekable and slot >= 0 and self._index.keys[slot] - reached > _SEEK_GAIN:
            self._jump(slot)
        while self._ahead is None or self._ahead[0] < target:
            self._ahead = next(self._frames, None)
            if self._ahead is None:
                self._frames = iter(())
                return None
        return self._ahead[1] if self._ahead[0] == target else None

    def _jump(self, slot: int) -> None:
        """Go to a key frame or an earlier one; where that fails, start over and never seek again."""
        for key in reversed(self._index.keys[max(0, slot - _SEEK_TRIES + 1) : slot + 1]):
            try:
                self._container.seek(self._index.pts[key], stream=self._stream)
            except av.FFmpegError:
                break
            frames = self._timed()
            first = next((placed for placed in frames if placed[0] >= key), None)
            if first is not None and first[0] == key:
                self._ahead, self._frames = None, chain([first], frames)
                return
        self._seekable = False
        self._rewind()

    def _rewind(self) -> None:
        self._opened.close()
        self._container: InputContainer = self._opened.enter_context(open_container(self._path))
        self._stream: VideoStream = self._video()
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.options = limited_decoding()
        self._ahead = None
        self._frames = self._timed() if self._index.pts else enumerate(self._decoded())

    def _video(self) -> VideoStream:
        stream = video_stream(self._container, self._path)
        if stream.index != self._index.stream:
            raise SourceError(source_name(self._path), "the file has changed since it was opened")
        return stream

    def _timed(self) -> Iterator[_Placed]:
        for frame in self._decoded():
            position = self._position_at.get(frame.pts) if frame.pts is not None else None
            if position is not None:
                yield position, frame

    def _decoded(self) -> Iterator[VideoFrame]:
        """Every frame that can be decoded from here on, in display order."""
        packets = self._container.demux(self._stream)
        more = True
        while more:
            try:
                packet = next(packets, None)
            except av.FFmpegError:
                packet = None
            more = packet is not None
            try:
                frames = self._stream.decode(packet)
            except av.FFmpegError:
                continue
            yield from frames


def _upright(frame: VideoFrame) -> ImageArray:
    """The frame's pixels, RGB uint8 [height, width, 3], turned by the file's rotation where that is a right angle."""
    image = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    turns, rest = divmod(frame.rotation, 90)
    return np.ascontiguousarray(image if rest else np.rot90(image, turns))
