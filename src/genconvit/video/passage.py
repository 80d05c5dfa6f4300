"""A way through a video's packets that decodes the wanted frames and as little else as it can.

The wanted frames form runs: within one it is cheaper to decode on, between two it is cheaper to jump to a key frame. A
run is first decoded briefly: the packets end behind the last wanted frame, and the decoder passes over pictures that no
other one needs. H.264 says which these are in a way that its decoder itself relies on (a picture that is marked so is
never kept for reference), so what remains is decoded to the same pixels. HEVC's mark promises less (pictures of higher
layers may still refer to such a one), and with the other codecs little is won. Where a wanted frame does not come, the
rest is decoded thoroughly: every packet, until the frame or a later one comes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from genconvit.errors import SourceError
from genconvit.video.index import FrameIndex, limited_decoding, open_container, video_stream
from genconvit.video.names import source_name

_SEEK_GAIN = 8
"""A jump to a key frame has to save at least this many frames."""

_SEEK_TRIES = 3

_PASSING_OVER_IS_EXACT = frozenset({"h264"})

Placed = tuple[int, VideoFrame]
"""A frame and its position in the video."""


class Passage:
    """An opened video on the way through it, once; a context manager.

    Args:
        path: the video.
        index: its frames.

    Raises:
        SourceError: the file can no longer be opened, or holds another video.
    """

    def __init__(self, path: Path, index: FrameIndex) -> None:
        self._path = path
        self._index = index
        self._position_at = {pts: position for position, pts in enumerate(index.pts)}
        self._opened = ExitStack()
        self._seekable = True
        self._brief = bool(index.pts)
        self._rewind()

    def __enter__(self) -> Passage:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def frames(self, positions: Sequence[int]) -> Iterator[Placed]:
        """Yield the frames at these positions, strictly increasing, that can be decoded."""
        runs = deque(_runs(positions, self._index.keys))
        while runs:
            run = runs.popleft()
            if not self._seekable:
                run = [*run, *chain.from_iterable(runs)]
                runs.clear()
            yield from self._run(deque(run))

    def _run(self, left: deque[int]) -> Iterator[Placed]:
        if self._brief:
            for placed in self._from_key_before(left[0], {self._index.pts[position] for position in left}):
                if placed[0] > left[0]:
                    break
                if placed[0] == left[0]:
                    left.popleft()
                    yield placed
                if not left:
                    return
            self._brief = False
        for placed in self._from_key_before(left[0], None):
            while left and left[0] < placed[0]:
                left.popleft()
            if left and left[0] == placed[0]:
                left.popleft()
                yield placed
            if not left:
                return

    def _from_key_before(self, first: int, wanted: set[int] | None) -> Iterator[Placed]:
        """Frames from the key frame before a position on, or from an earlier one, or from the beginning.

        Where seeking fails it is never tried again.

        Args:
            first: the position.
            wanted: the presentation times to decode briefly; None decodes thoroughly.
        """
        slot = bisect_right(self._index.keys, first)
        if self._seekable and slot and self._index.keys[slot - 1] > _SEEK_GAIN:
            for key in reversed(self._index.keys[max(0, slot - _SEEK_TRIES) : slot]):
                try:
                    self._container.seek(self._index.pts[key], stream=self._stream)
                except av.FFmpegError:
                    break
                frames = self._placed(wanted)
                head = next((placed for placed in frames if placed[0] >= key), None)
                if head is not None and head[0] == key:
                    return chain([head], frames)
            self._seekable = False
        if not self._at_start:
            self._rewind()
        return self._placed(wanted)

    def _rewind(self) -> None:
        self._opened.close()
        self._container: InputContainer = self._opened.enter_context(open_container(self._path))
        self._stream: VideoStream = video_stream(self._container, self._path)
        if self._stream.index != self._index.stream:
            raise SourceError(source_name(self._path), "the file has changed since it was opened")
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.options = limited_decoding()
        self._at_start = True

    def _placed(self, wanted: set[int] | None) -> Iterator[Placed]:
        frames = self._decoded(wanted)
        if not self._index.pts:
            return enumerate(frames)
        return self._timed(frames)

    def _timed(self, frames: Iterator[VideoFrame]) -> Iterator[Placed]:
        for frame in frames:
            position = self._position_at.get(frame.pts) if frame.pts is not None else None
            if position is not None:
                yield position, frame

    def _decoded(self, wanted: set[int] | None) -> Iterator[VideoFrame]:
        """Every frame that can be decoded from here on, in display order."""
        packets = self._packets() if wanted is None else self._brief_packets(set(wanted))
        for packet in chain(packets, [None]):
            try:
                frames = self._stream.decode(packet)
            except av.FFmpegError:
                continue
            yield from frames

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        self._at_start = False
        self._stream.codec_context.skip_frame = "DEFAULT"
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError:
                return
            if packet is None:
                return
            if packet.size:
                yield packet

    def _brief_packets(self, wanted: set[int]) -> Iterator[Packet[VideoStream]]:
        """The packets up to the last wanted one and the one behind it, which may hold its frame's second field."""
        codec = self._stream.codec_context
        is_exact = codec.name in _PASSING_OVER_IS_EXACT
        was_wanted = False
        for packet in self._packets():
            is_wanted = packet.pts in wanted
            wanted.discard(packet.pts)
            needed = is_wanted or was_wanted or packet.is_keyframe or not is_exact
            codec.skip_frame = "DEFAULT" if needed else "NONREF"
            yield packet
            if was_wanted and not wanted:
                return
            was_wanted = is_wanted


def _runs(positions: Sequence[int], keys: Sequence[int]) -> Iterator[list[int]]:
    """Split positions where a key frame lies far enough behind the one before."""
    run: list[int] = []
    for position in positions:
        slot = bisect_right(keys, position)
        if run and slot and keys[slot - 1] - run[-1] > _SEEK_GAIN:
            yield run
            run = []
        run.append(position)
    if run:
        yield run
