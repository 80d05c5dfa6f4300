"""The index of a video's frames, made by reading its packets without decoding them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from genconvit.errors import SourceError
from genconvit.text import first_line
from genconvit.video.limits import MAX_FRAME_PIXELS, MAX_FRAMES, too_large
from genconvit.video.names import source_name

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
    """Where the frames of one video stream lie in time.

    Attributes:
        container: FFmpeg's name of the file format, for example ``"mov,mp4,m4a,3gp,3g2,mj2"``.
        stream: the number of the video stream in the file.
        is_first: no other video stream comes before it.
        frame_count: how many frames the packets hold, at least 1.
        pts: each frame's presentation time in units of ``time_base``, strictly increasing; empty where the file does
            not say, so that a frame is known by its place in the decoder's output alone.
        keys: the display positions of the key frames, increasing; empty where ``pts`` is.
        keys_in_order: no key frame has another number in the file than in display, so that both ways of counting find
            the same key frames.
        time_base: seconds per unit of ``pts``.
        start: the stream's start in units of ``time_base``.
        rate: frames per second where the file says so.
        announced_count: how many frames the file's header promises, where that is more than there are packets of; else
            None.
        size_is_sure: the frames' size was found in the stream, within the limit; else the file's header alone tells it.
    """

    container: str
    stream: int
    is_first: bool
    frame_count: int
    pts: Sequence[int]
    keys: Sequence[int]
    keys_in_order: bool
    time_base: Fraction
    start: int
    rate: Fraction | None
    announced_count: int | None
    size_is_sure: bool

    def seconds(self, position: int) -> float | None:
        """When the frame at a position is shown, in seconds from the stream's start; None where unknown."""
        if self.pts:
            return float((self.pts[position] - self.start) * self.time_base)
        return float(position / self.rate) if self.rate else None


def index_frames(path: Path) -> FrameIndex:
    """Read a video's packets and index its frames.

    Packets that are damaged, or that the file itself marks as not to be shown, are left out. Where reading breaks off,
    the frames before that place remain.

    Raises:
        SourceError: the file cannot be opened, holds no video, no frame or more than ``MAX_FRAMES``, or its frames have
            more than ``MAX_FRAME_PIXELS`` pixels.
    """
    with open_container(path) as container:
        stream = video_stream(container, path)
        size_is_sure = _check_size(stream, path)
        every = list(islice(_packets(container, stream), MAX_FRAMES + 1))
        packets = [(pts, is_key) for pts, is_key, is_sound in every if is_sound]
        if not packets:
            raise SourceError(source_name(path), "its video stream holds no frame")
        if len(every) > MAX_FRAMES:
            raise SourceError(source_name(path), f"more than {MAX_FRAMES} frames, which is the limit")
        times = [pts for pts, _ in packets if pts is not None]
        is_key = [key for _, key in packets]
        timed = len(set(times)) == len(packets) and (container.format.name not in _UNTIMED_CONTAINERS or all(is_key))
        order = sorted(range(len(packets)), key=times.__getitem__) if timed else []
        keys = [position for position, number in enumerate(order) if is_key[number]]
        pts = [times[number] for number in order]
        start = stream.start_time
        return FrameIndex(
            container=container.format.name,
            stream=stream.index,
            is_first=stream.index == container.streams.video[0].index,
            frame_count=len(packets),
            pts=pts,
            keys=keys,
            keys_in_order=timed and all(order[key] == key for key in keys),
            time_base=stream.time_base or Fraction(1),
            start=start if start is not None else (pts[0] if pts else 0),
            rate=stream.average_rate or None,
            announced_count=stream.frames if stream.frames > len(every) else None,
            size_is_sure=size_is_sure,
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


def limited_decoding() -> dict[str, str]:
    """The options with which FFmpeg refuses a frame above ``MAX_FRAME_PIXELS`` before there is memory for it."""
    return {"max_pixels": str(MAX_FRAME_PIXELS)}


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The stream that FFmpeg takes for the main video; a cover picture is none.

    Raises:
        SourceError: there is no video stream, or no decoder for it.
    """
    streams = [each for each in container.streams.video if Disposition.attached_pic not in each.disposition]
    if not streams:
        held = "sound alone" if container.streams.audio else "no picture"
        held += " and a cover picture" if container.streams.video else ""
        raise SourceError(source_name(path), f"it holds no video stream ({held})")
    best = container.streams.best("video")
    stream = next((each for each in streams if best is not None and each.index == best.index), streams[0])
    if getattr(stream, "codec_context", None) is None:
        raise SourceError(source_name(path), "its video codec is one that FFmpeg cannot decode here")
    return stream


def _check_size(stream: VideoStream, path: Path) -> bool:
    """Refuse frames that are too large; whether FFmpeg found their size in the stream.

    Where the limit kept FFmpeg from finding one, the file's header tells it.
    """
    width, height = stream.codec_context.width, stream.codec_context.height
    is_sure = width * height > 0
    if not is_sure:
        with open_container(path, header_alone=True) as container:
            header = video_stream(container, path).codec_context
            width, height = header.width, header.height
    limit = f"the limit of {MAX_FRAME_PIXELS / 1e6:g} megapixels"
    reason = too_large("frames", width, height, MAX_FRAME_PIXELS)
    if not reason and width * height <= 0:
        reason = f"no size of its frames is found within {limit}"
    if reason:
        raise SourceError(source_name(path), reason)
    return is_sure


def _packets(container: InputContainer, stream: VideoStream) -> Iterator[tuple[int | None, bool, bool]]:
    """Each frame's presentation time, whether it is a key frame, and whether it is whole and to be shown.

    They come in the file's order, up to the first error.
    """
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return
        if packet.size:
            yield packet.pts, packet.is_keyframe, not (packet.is_discard or packet.is_corrupt)


def _opening_reason(error: av.FFmpegError) -> str:
    said = error.strerror or first_line(error)
    if isinstance(error, av.InvalidDataError):
        return f"not a video that FFmpeg can read, or one that is cut short ({said})"
    if isinstance(error, av.ArgumentError):
        return "its format is not one that is read here; playlists, which name other files, are not followed"
    return f"FFmpeg cannot open it ({said})"
