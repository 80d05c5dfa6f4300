"""A way through a video's packets that decodes the wanted frames and as little else as it can.

A frame is known by its packet's number in the file, which decoders hand through in the place of its time, so that
clocks may say what they like.

The wanted frames form runs: within one it is cheaper to decode on, between two it is cheaper to jump to a key frame.
The way there is a seek, or where times do not lead there, reading packets without decoding them. The decoder has the
last word on whether a frame is a key frame. Behind one that it could not decode, frames count from a key frame on.

A run is first decoded briefly: the packets end behind the last wanted frame, and the decoder passes over pictures that
no other one needs. H.264 says which these are in a way that its decoder itself relies on (a picture that is marked so
is never kept for reference), so what remains is decoded to the same pixels. HEVC's mark promises less (pictures of
higher layers may still refer to such a one), and with the other codecs little is won. Where a wanted frame does not
come, the rest is decoded thoroughly: every packet, until the frame or a later one comes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import cache
from itertools import chain
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from genconvit.core.cores import usable_cores
from genconvit.core.errors import SourceError
from genconvit.video.index import FrameIndex, limited_decoding, open_container
from genconvit.video.names import source_name

_JUMP_GAIN = 8
"""A jump to a key frame has to save at least this many frames."""

_JUMP_TRIES = 3

_MOST_THREADS = 16
"""Number of threads that FFmpeg starts at most by itself, for each keeps a frame in memory."""

_PASSING_OVER_IS_EXACT = frozenset({"h264"})

_TELL_KEY_FRAMES = frozenset(
    {"av1", "flv1", "h263", "h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4", "msmpeg4v2", "msmpeg4v3", "vp8", "vp9"}
) | {"wmv1", "wmv2"}
"""Codecs whose decoders mark every key frame that they give."""

Placed = tuple[int, VideoFrame]
"""A frame and its position in the video."""


class Passage:
    """An opened video on the way through it, once; a context manager.

    Args:
        path: the video.
        index: index of its frames.

    Raises:
        SourceError: the file can no longer be opened, or holds another video.
    """

    def __init__(self, path: Path, index: FrameIndex) -> None:
        self._path = path
        self._index = index
        self._position_of = {number: position for position, number in enumerate(index.numbers)}
        self._opened = ExitStack()
        self._jumps = True
        self._seeks = index.is_steady
        self._brief = bool(index.numbers)
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
            if not self._jumps:
                run = [*run, *chain.from_iterable(runs)]
                runs.clear()
            yield from self._run(deque(run))

    def _run(self, left: deque[int]) -> Iterator[Placed]:
        if self._brief:
            for placed in self._from_key_before(left[0], {self._index.numbers[position] for position in left}):
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

        Where no key frame is one to the decoder, none is jumped to again.

        Args:
            first: the position.
            wanted: the numbers of the packets to decode briefly; None decodes thoroughly.
        """
        slot = bisect_right(self._index.keys, first)
        if self._jumps and slot and self._index.keys[slot - 1] > _JUMP_GAIN:
            for key in reversed(self._index.keys[max(0, slot - _JUMP_TRIES) : slot]):
                if not self._go_to(key):
                    break
                frames = self._placed(wanted)
                head = next((placed for placed in frames if placed[0] >= key), None)
                if head is not None and head[0] == key and head[1].key_frame:
                    return chain([head], frames)
            self._jumps = False
        if not self._at_start:
            self._rewind()
        return self._placed(wanted)

    def _rewind(self) -> None:
        self._opened.close()
        self._container: InputContainer = self._opened.enter_context(open_container(self._path))
        streams = {stream.index: stream for stream in self._container.streams.video}
        if self._index.stream not in streams:
            raise SourceError(source_name(self._path), "the file has changed since it was opened")
        self._stream: VideoStream = streams[self._index.stream]
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = _decoding_threads()
        self._stream.codec_context.options = limited_decoding()
        self._next = 0
        self._held: Packet[VideoStream] | None = None
        self._demuxed = self._container.demux(self._stream)
        self._at_start = self._pass_to(self._index.first_packet)

    def _go_to(self, key: int) -> bool:
        """Go to the packet of the key frame at a position; whether it is there."""
        number = self._index.numbers[key]
        if self._seeks:
            self._seeks = self._seek(key)
            if self._seeks:
                self._next = number
                return True
            self._rewind()
        if self._next > number:
            self._rewind()
        self._stream.codec_context.flush_buffers()
        self._at_start = False
        return self._pass_to(number)

    def _seek(self, key: int) -> bool:
        """Seek to a key frame by its time, and pass by what lies before its packet."""
        pts = self._index.pts[key]
        self._at_start = False
        try:
            self._container.seek(pts, stream=self._stream)
        except av.FFmpegError:
            return False
        self._demuxed, self._held = self._container.demux(self._stream), None
        while (packet := self._read()) is not None and packet.pts is not None and packet.pts <= pts:
            if packet.pts == pts:
                self._held = packet
                return True
        return False

    def _pass_to(self, number: int) -> bool:
        """Read packets up to the one of a number without decoding them; whether the file has that many."""
        while self._next < number:
            if self._read() is None:
                return False
            self._next += 1
        return True

    def _placed(self, wanted: set[int] | None) -> Iterator[Placed]:
        frames = self._trusted(self._decoded(wanted))
        if not self._index.numbers:
            return enumerate(frames)
        return self._known(frames)

    def _known(self, frames: Iterator[VideoFrame]) -> Iterator[Placed]:
        for frame in frames:
            position = self._position_of.get(frame.pts) if frame.pts is not None else None
            if position is not None:
                yield position, frame

    def _trusted(self, frames: Iterator[VideoFrame | None]) -> Iterator[VideoFrame]:
        """The frames whose references were there: behind one that was not decoded (None), those from a key frame on."""
        tells = self._stream.codec_context.codec.canonical_name in _TELL_KEY_FRAMES
        lacks = False
        for frame in frames:
            if frame is None or frame.is_corrupt:
                lacks = tells
            elif not lacks or frame.key_frame:
                lacks = False
                yield frame

    def _decoded(self, wanted: set[int] | None) -> Iterator[VideoFrame | None]:
        """Every frame that can be decoded from here on, in display order; None for a packet that cannot."""
        packets = self._packets() if wanted is None else self._brief_packets(set(wanted))
        for packet in chain(packets, [None]):
            try:
                frames = self._stream.decode(packet)
            except av.FFmpegError:
                yield None
                continue
            yield from frames

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        """The packets from here on, whose times are their numbers."""
        self._at_start = False
        self._stream.codec_context.skip_frame = "DEFAULT"
        while (packet := self._read()) is not None:
            packet.pts = self._next
            self._next += 1
            yield packet

    def _read(self) -> Packet[VideoStream] | None:
        """The next packet that holds anything; None at the end, or where reading fails."""
        if self._held is not None:
            packet, self._held = self._held, None
            return packet
        try:
            return next((packet for packet in self._demuxed if packet.size), None)
        except av.FFmpegError:
            return None

    def _brief_packets(self, wanted: set[int]) -> Iterator[Packet[VideoStream]]:
        """The packets up to the last wanted one and the one behind it, which may hold its frame's second field."""
        codec = self._stream.codec_context
        is_exact = codec.name in _PASSING_OVER_IS_EXACT
        was_wanted = False
        for packet in self._packets():
            is_wanted = packet.pts in wanted
            wanted.discard(packet.pts or 0)
            needed = is_wanted or was_wanted or packet.is_keyframe or not is_exact
            codec.skip_frame = "DEFAULT" if needed else "NONREF"
            yield packet
            if was_wanted and not wanted:
                return
            was_wanted = is_wanted


@cache
def _decoding_threads() -> int:
    """Give FFmpeg's own number of threads, for the cores that are there: it knows of no control groups."""
    cores = usable_cores()
    return min(cores + 1, _MOST_THREADS) if cores > 1 else 1


def _runs(positions: Sequence[int], keys: Sequence[int]) -> Iterator[list[int]]:
    """Split positions where a key frame lies far enough behind the one before."""
    run: list[int] = []
    for position in positions:
        slot = bisect_right(keys, position)
        if run and slot and keys[slot - 1] - run[-1] > _JUMP_GAIN:
            yield run
            run = []
        run.append(position)
    if run:
        yield run
