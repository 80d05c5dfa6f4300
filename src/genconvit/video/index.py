"""The index of a video's frames, made by reading its packets without decoding them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from operator import lt
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from genconvit.core.errors import SourceError, SourceLimitError
from genconvit.core.text import first_line
from genconvit.video.names import source_name
from genconvit.video.order import Packet, ShownOrder, first_start, shown_order
from genconvit.video.picture_type import RandomAccess, start_reader
from genconvit.video.size_limits import MAX_FRAME_PIXELS, MAX_FRAMES, too_large
from genconvit.video.square_pixels import believed_aspect
from genconvit.video.stream_choice import choose_stream

_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo,m4v,h264,hevc,vvc,av1,obu,ivf,flv,live_flv,asf,"
    "ogg,gif,apng,mxf,mxf_opatom,dv,rm,nut,nsv,wtv,swf,yuv4mpegpipe,mjpeg,vc1,h261,h263,ismv,ipmovie,amv,smjpeg,"
    "mp3,aac,wav,flac,w64,aiff,caf,amr,ac3,eac3,ape,tta,wv"
)
"""Formats that hold media themselves. Playlists (HLS, DASH, concat, SDP) are none: they name other files to read."""

_UNTIMED_CONTAINERS = frozenset({"avi"})

_ODD_NAMES_ARE_FINE: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
"""Text in a file that is no UTF-8 is no reason to refuse it; from PyAV 19 on it is none by itself."""


@dataclass(frozen=True)
class FrameIndex:
    """Places of the frames of one video stream in time, and in the file.

    Attributes:
        container: FFmpeg's name of the file format, for example ``"mov,mp4,m4a,3gp,3g2,mj2"``.
        stream: the number of the video stream in the file.
        is_ffmpegs_choice: true where it is the first video stream, and the one that FFmpeg would take for the main one.
        frame_count: number of frames that can be decoded from the packets, as far as these show, at least 1.
        numbers: the number of each frame's packet in the stream; empty where the file does not say when frames are
            shown, so that a frame is known by its place in the decoder's output alone.
        pts: each frame's presentation time in units of ``time_base``, never decreasing, on a clock that goes on where
            the file's jumps back; empty where ``numbers`` is.
        is_steady: the times are the file's own, and no two frames have the same.
        keys: the positions of the key frames in display, increasing; empty where ``numbers`` is.
        keys_in_order: no key frame has another number in the file than in display, so that both ways of counting find
            the same key frames.
        keys_are_shown: the packets show which are key frames, and the container's marks are those.
        first_packet: the number of the packet that decoding begins with.
        time_base: seconds per unit of ``pts``.
        start: the stream's start in units of ``time_base``.
        rate: frames per second where the file says so.
        announced_count: number of frames that the file's header promises, where that is more than there are packets of;
            else None.
        size_is_sure: the frames' size was found in the stream, within the limit; else the file's header alone tells it.
        pixel_aspect: a pixel's width over its height in a frame as stored; 1 where the file does not say, or says what
            is not believed.
        notes: notes of a result about the file.
    """

    container: str
    stream: int
    is_ffmpegs_choice: bool
    frame_count: int
    numbers: Sequence[int]
    pts: Sequence[int]
    is_steady: bool
    keys: Sequence[int]
    keys_in_order: bool
    keys_are_shown: bool
    first_packet: int
    time_base: Fraction
    start: int
    rate: Fraction | None
    announced_count: int | None
    size_is_sure: bool
    pixel_aspect: Fraction
    notes: tuple[str, ...]

    def without_first(self, count: int) -> FrameIndex:
        """The index without its first frames, which no decoder gives; of an index with ``numbers``."""
        note = _beginning_note(count)
        return replace(
            self,
            frame_count=self.frame_count - count,
            numbers=self.numbers[count:],
            pts=self.pts[count:],
            keys=[key - count for key in self.keys if key >= count],
            start=self.pts[count],
            notes=(*self.notes, note) if note else self.notes,
        )

    def seconds(self, position: int) -> float | None:
        """Give the time of the frame at a position, in seconds from the stream's start; None where unknown."""
        if self.pts:
            return float((self.pts[position] - self.start) * self.time_base)
        return float(position / self.rate) if self.rate else None


def index_frames(path: Path) -> FrameIndex:
    """Read a video's packets and index its frames.

    Frames that the file itself marks as not to be shown are left out, and so are those that need frames from before its
    beginning. Where reading breaks off, the frames before that place remain; the last packet of a file that was cut
    within it is none of them.

    Raises:
        SourceError: the file cannot be opened, holds no video, no frame or more than ``MAX_FRAMES``, or its frames have
            more than ``MAX_FRAME_PIXELS`` pixels.
    """
    with open_container(path) as container:
        chosen = choose_stream(container, path)
        stream = chosen.stream
        width, height, size_is_sure = _checked_size(stream, path)
        read = list(islice(_packets(container, stream), MAX_FRAMES + 1))
        if len(read) > MAX_FRAMES:
            raise SourceLimitError(source_name(path), f"more than {MAX_FRAMES} frames, which is the limit")
        if len(read) > 1 and read[-1][0].is_damaged:
            read.pop()
        packets = [packet for packet, _ in read]
        order = _order(packets, stream, container.format.name)
        first = first_start(packets)
        frame_count = len(order.numbers) if order else sum(packet.is_shown for packet in packets[first:])
        if not frame_count:
            raise SourceError(source_name(path), "its video stream holds no frame")
        numbers, pts = (order.numbers, order.pts) if order else ((), ())
        keys = [position for position, number in enumerate(numbers) if packets[number].start]
        aspect, disbelief = believed_aspect(stream.sample_aspect_ratio, width, height)
        left_out = order.left_out if order else sum(packet.is_shown for packet in packets[:first])
        start = stream.start_time
        return FrameIndex(
            container=container.format.name,
            stream=stream.index,
            is_ffmpegs_choice=chosen.is_ffmpegs,
            frame_count=frame_count,
            numbers=numbers,
            pts=pts,
            is_steady=order is not None and not order.jumps and all(map(lt, pts, pts[1:])),
            keys=keys,
            keys_in_order=bool(numbers) and all(numbers[key] - numbers[0] == key for key in keys),
            keys_are_shown=_shows_keys(stream) and all(bool(packet.start) == marked for packet, marked in read),
            first_packet=first,
            time_base=stream.time_base or Fraction(1),
            start=start if start is not None and not left_out else (pts[0] if pts else 0),
            rate=stream.average_rate or None,
            announced_count=stream.frames if stream.frames > len(packets) else None,
            size_is_sure=size_is_sure,
            pixel_aspect=aspect,
            notes=tuple(filter(None, (chosen.note, _jump_note(order), _beginning_note(left_out), disbelief))),
        )


@contextmanager
def open_container(path: Path, *, header_alone: bool = False) -> Iterator[InputContainer]:
    """Open a file with FFmpeg and close it at the end.

    FFmpeg decodes first frames to learn about the streams; frames above ``MAX_FRAME_PIXELS`` are none of them.

    Args:
        path: the file.
        header_alone: decode nothing, so that a stream's size is what the file says.

    Raises:
        SourceError: FFmpeg does not know the format, or cannot open the file.
    """
    try:
        options = {"format_whitelist": _FORMATS, "protocol_whitelist": "file", **limited_decoding()}
        if header_alone:
            options["codec_whitelist"] = "none"
        container = av.open(str(path.absolute()), options=options, **_ODD_NAMES_ARE_FINE)
    except av.FFmpegError as error:
        raise SourceError(source_name(path), _opening_reason(error)) from error
    with container:
        yield container


def demuxed(container: InputContainer, stream: Stream) -> Iterator[av.Packet[Any]]:
    """Yield the packets of a stream that hold something, in the file's order up to the first error."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return
        if packet.size:
            yield packet


def limited_decoding() -> dict[str, str]:
    """The options with which FFmpeg refuses a frame above ``MAX_FRAME_PIXELS`` before there is memory for it."""
    return {"max_pixels": str(MAX_FRAME_PIXELS)}


def _order(packets: Sequence[Packet], stream: VideoStream, container: str) -> ShownOrder | None:
    """The order of a stream's frames; None where the file does not tell it."""
    times = [packet.pts for packet in packets if packet.pts is not None]
    is_timed = container not in _UNTIMED_CONTAINERS or all(packet.start for packet in packets)
    if not is_timed or len(times) < len(packets):
        return None
    return shown_order(packets, times, reorders=stream.codec_context.codec.reorder)


def _jump_note(order: ShownOrder | None) -> str | None:
    if order is None or not order.jumps:
        return None
    times = "once" if order.jumps == 1 else f"{order.jumps} times"
    return f"its clock jumps back {times}; its frames were taken in the file's order"


def _beginning_note(left_out: int) -> str | None:
    """Note that frames are left out which need earlier ones; None where there are none."""
    if not left_out:
        return None
    which = "1 frame needs others" if left_out == 1 else f"{left_out} frames need others"
    return f"{which} that the file does not hold; the rest was taken"


def _checked_size(stream: VideoStream, path: Path) -> tuple[int, int, bool]:
    """The frames' width and height, and whether FFmpeg found them in the stream; frames that are too large are refused.

    Where the limit kept FFmpeg from finding a size, the file's header tells it.
    """
    width, height = stream.codec_context.width, stream.codec_context.height
    is_sure = width * height > 0
    if not is_sure:
        with open_container(path, header_alone=True) as container:
            header = next(each for each in container.streams.video if each.index == stream.index).codec_context
            width, height = header.width, header.height
    limit = f"the limit of {MAX_FRAME_PIXELS / 1e6:g} megapixels"
    reason = too_large("frames", width, height, MAX_FRAME_PIXELS)
    if not reason and width * height <= 0:
        reason = f"no size of its frames is found within {limit}"
    if reason:
        raise SourceLimitError(source_name(path), reason)
    return width, height, is_sure


def _packets(container: InputContainer, stream: VideoStream) -> Iterator[tuple[Packet, bool]]:
    """Read what the index keeps of each packet, in the file's order up to the first error, and the key mark."""
    codec = stream.codec_context
    start_of = None if codec.codec.intra_only else start_reader(codec.codec.canonical_name, codec.extradata)
    for packet in demuxed(container, stream):
        start = RandomAccess.CLOSED if packet.is_keyframe else None
        if start and start_of:
            start = start_of(bytes(packet))
        yield Packet(packet.pts, start, not packet.is_discard, packet.is_corrupt), packet.is_keyframe


def _shows_keys(stream: VideoStream) -> bool:
    codec = stream.codec_context
    return codec.codec.intra_only or start_reader(codec.codec.canonical_name, codec.extradata) is not None


def _opening_reason(error: av.FFmpegError) -> str:
    said = error.strerror or first_line(error)
    if isinstance(error, av.InvalidDataError):
        return f"not a video that FFmpeg can read, or one that is cut short ({said})"
    if isinstance(error, av.ArgumentError):
        return "its format is not one that is read here; playlists, which name other files, are not followed"
    return f"FFmpeg cannot open it ({said})"
