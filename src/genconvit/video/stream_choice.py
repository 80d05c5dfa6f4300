"""Choice of the video among a file's video streams: not a cover, nor a small preview that comes first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from genconvit.core.errors import UnsupportedSourceError
from genconvit.video.names import source_name

_NO_VIDEO = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image

_PICTURE_CODECS = frozenset({"bmp", "jpeg2000", "ljpeg", "mjpeg", "mjpegb", "png", "tiff", "webp"})
"""Codecs of pictures, which a preview has; cameras record in some of them too."""

_UNMARKED_CONTAINERS = frozenset({"mov,mp4,m4a,3gp,3g2,mj2"})
"""Formats whose mark says that a stream is enabled, which of several is often the first alone, whatever it is."""


@dataclass(frozen=True)
class ChosenStream:
    """The stream that is read.

    Attributes:
        stream: stream that was chosen.
        is_ffmpegs: true where it is the first video stream, and FFmpeg would choose it too.
        note: note that names the other video streams; None where there are none.
    """

    stream: VideoStream
    is_ffmpegs: bool
    note: str | None


def choose_stream(container: InputContainer, path: Path) -> ChosenStream:
    """The default video stream, by the file's marks; where these do not tell, that of the most pixels in all.

    A stream in a codec of pictures is a preview, whatever its mark, where one in another codec has larger frames.

    Raises:
        SourceError: there is no video stream, or no decoder for it.
    """
    streams = [each for each in container.streams.video if not each.disposition & _NO_VIDEO]
    if not streams:
        held = "sound alone" if container.streams.audio else "no picture"
        held += " and a cover picture" if container.streams.video else ""
        raise UnsupportedSourceError(source_name(path), f"it holds no video stream ({held})")
    largest = max((_frame_pixels(each) for each in streams if not _is_pictures(each)), default=0)
    candidates = [each for each in streams if not _is_pictures(each) or _frame_pixels(each) >= largest]
    if container.format.name not in _UNMARKED_CONTAINERS:
        candidates = [each for each in candidates if Disposition.default in each.disposition] or candidates
    stream = max(candidates, key=lambda each: _frame_pixels(each) * _seconds(each, container))
    if getattr(stream, "codec_context", None) is None:
        raise UnsupportedSourceError(source_name(path), "its video codec is one that FFmpeg cannot decode here")
    best = container.streams.best("video")
    is_ffmpegs = best is not None and stream.index == best.index == container.streams.video[0].index
    return ChosenStream(stream, is_ffmpegs, _note(stream, len(streams)))


def _is_pictures(stream: VideoStream) -> bool:
    codec = getattr(stream, "codec_context", None)
    return codec is not None and codec.codec.canonical_name in _PICTURE_CODECS


def _frame_pixels(stream: VideoStream) -> int:
    codec = getattr(stream, "codec_context", None)
    return codec.width * codec.height if codec is not None else 0


def _seconds(stream: VideoStream, container: InputContainer) -> float:
    """Give the length of a stream in seconds; that of the file where it does not say."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return (container.duration or 1) / 1e6


def _note(stream: VideoStream, count: int) -> str | None:
    if count == 1:
        return None
    codec = stream.codec_context
    return f"of its {count} video streams, number {stream.index} was read ({codec.width} x {codec.height} pixels)"
