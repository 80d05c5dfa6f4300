"""An annotated copy of a video: every frame with its marks, at its time, with the sound."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from genconvit.core.errors import ConfigError, SourceError
from genconvit.core.files import written_whole
from genconvit.core.types import Frame, ImageArray
from genconvit.isolation.child import why_no_process
from genconvit.render.drawing import Drawing
from genconvit.render.frames import SourceFrames
from genconvit.render.overlays import Overlays
from genconvit.render.sound import add_sound
from genconvit.render.sound_process import add_sound_with_limits
from genconvit.results.heat_maps import ResultHeatMaps
from genconvit.results.result import VideoResult
from genconvit.settings import DetectorConfig

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

_CONTAINERS = {".mp4": "mp4", ".mkv": "matroska", ".mov": "mov"}

SUFFIXES = tuple(_CONTAINERS)
"""Suffixes of files that an annotated video is written to."""

_TIME_BASE = Fraction(1, 90_000)
_ENCODER: Final = "libx264"
_QUALITY = {"crf": "20", "preset": "veryfast"}


def check_video_path(path: Path) -> None:
    """Make sure that a path names a container that an annotated video is written to.

    Raises:
        ConfigError: its suffix is another, or this build of PyAV has no encoder for H.264.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"an annotated video's name ends in {', '.join(SUFFIXES)}; got {str(path)!r}: rename it")
    import av

    if _ENCODER not in av.codecs_available:
        raise ConfigError(f"this build of PyAV has no encoder {_ENCODER}; install PyAV's own wheels (pip install av)")


def annotate(
    result: VideoResult,
    path: Path,
    frames: SourceFrames,
    overlays: Overlays | None = None,
    *,
    heat_maps: ResultHeatMaps | None = None,
    watch: Callable[[Iterable[Frame]], Iterable[Frame]] = iter,
) -> tuple[str, ...]:
    """Write a copy of a video as H.264, with its marks in every frame and its sound.

    Frames are shown at their own times, so that a variable frame rate stays one. They stand upright and have square
    pixels, whatever the source says of itself. An odd side grows by one pixel, which H.264 asks for. What was there
    stays until the whole video is written.

    Args:
        result: answer for the video.
        path: file to write, see ``SUFFIXES``.
        frames: reader of the video's frames.
        overlays: choice of what is drawn; None is everything but heat maps.
        heat_maps: heat maps of the result's faces; None where there are none.
        watch: gives the frames on as they are taken, for a bar of progress.

    Returns:
        Notes on what is not as it was in the source.

    Raises:
        ConfigError: the path's suffix is another, there is no encoder, the file cannot be written, or heat maps are
            chosen and there are none.
        SourceError: the source has changed, cannot be read, has no clock, or its frames change their size.
    """
    check_video_path(path)
    container = _CONTAINERS[path.suffix.lower()]
    drawing = Drawing(result, overlays or Overlays(), heat_maps)
    try:
        with written_whole(path) as partial, written_whole(path.with_name(f"{partial.name}.silent")) as silent:
            _write_silent(result, watch(frames.read(result)), silent, drawing)
            note = _add_sound(result, silent, partial, container, frames.config)
    except OSError as error:
        raise ConfigError(f"{str(path)!r} cannot be written: {error.strerror}; choose another path") from error
    return (note,) if note else ()


def _add_sound(result: VideoResult, silent: Path, path: Path, container: str, config: DetectorConfig) -> str | None:
    source, count = Path(result.source), result.provenance.frame_count or 1
    if config.isolate is False or why_no_process():
        return add_sound(source, silent, path, container=container)
    return add_sound_with_limits(source, silent, path, container=container, limits=config, frames=count)


def _write_silent(result: VideoResult, frames: Iterable[Frame], path: Path, drawing: Drawing) -> None:
    import av

    with av.open(str(path), "w", format="mp4") as out:
        stream: VideoStream | None = None
        last = -1
        for frame in frames:
            if frame.pts_seconds is None:
                raise SourceError(result.source, "it has no clock, so it is no video; draw its frames one by one")
            image = _even(drawing.over(frame))
            stream = stream or _video_stream(out, image)
            if (stream.height, stream.width) != image.shape[:2]:
                raise SourceError(
                    result.source,
                    f"its frames change their size, from {stream.width} x {stream.height} to {image.shape[1]} x "
                    f"{image.shape[0]}, which one video stream cannot; convert it first",
                )
            last = max(last + 1, round(frame.pts_seconds / _TIME_BASE))
            picture = av.VideoFrame.from_ndarray(image, format="rgb24")
            picture.pts, picture.time_base = last, _TIME_BASE
            out.mux(stream.encode(picture))
        if stream is None:
            raise SourceError(result.source, "none of its frames can be decoded")
        out.mux(stream.encode())


def _video_stream(out: OutputContainer, image: ImageArray) -> VideoStream:
    stream = out.add_stream(_ENCODER, options=dict(_QUALITY))
    stream.height, stream.width = image.shape[:2]
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = _TIME_BASE
    return stream


def _even(image: ImageArray) -> ImageArray:
    """The image with even sides: an odd one repeats its last line."""
    height, width = image.shape[:2]
    return image if not (height % 2 or width % 2) else np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), "edge")
