"""Files that the tests share: the real clips, and those that the tests make."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.stream import Disposition
from av.video.stream import VideoStream

from genconvit.core.types import AnyImage, on_host

SHARED = Path(os.environ.get("GENCONVIT_SHARED", Path(__file__).resolve().parents[2] / "shared"))
"""Real clips, faces, models and reference outputs, which are not part of the project."""


def shared(*parts: str) -> Path:
    """A path below the shared folder; skips the test where it is absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs {'/'.join(parts)} of the shared folder, which is not at {SHARED}")
    return path


def grey_frames(count: int, width: int = 64, height: int = 48) -> list[npt.NDArray[np.uint8]]:
    """Flat RGB frames uint8 [height, width, 3] whose brightness tells their index below 50; see :func:`index_of`."""
    return [np.full((height, width, 3), 4 + number % 50 * 5, np.uint8) for number in range(count)]


def index_of(image: AnyImage) -> int:
    """The index modulo 50 of a frame that :func:`grey_frames` made, read from its brightness."""
    return round((float(on_host(image).mean()) - 4) / 5)


def make_video(
    path: Path,
    frames: Iterable[npt.NDArray[np.uint8]],
    *,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    rate: int = 25,
    gop: int = 12,
    ticks: Callable[[int], int] = int,
    options: Mapping[str, str] | None = None,
    container_options: Mapping[str, str] | None = None,
) -> Path:
    """Encode frames uint8 [height, width, 3] of one size to a video file; the suffix chooses the container.

    Args:
        path: path to write to.
        frames: the frames.
        codec: the name of FFmpeg's encoder.
        pix_fmt: the encoded pixel format.
        rate: frames, and ticks of the encoder's clock, per second.
        gop: the most frames from one key frame to the next.
        ticks: the presentation time of a frame, by its index.
        options: the encoder's own options.
        container_options: the container's own options.
    """
    with av.open(str(path), "w", options=dict(container_options or {})) as container:
        stream: Any = None
        for number, image in enumerate(frames):
            if stream is None:
                stream = container.add_stream(codec, rate=rate, options=dict(options or {}))
                stream.height, stream.width = image.shape[:2]
                stream.pix_fmt, stream.gop_size = pix_fmt, gop
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = ticks(number), Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def make_audio(path: Path, *, codec: str = "aac", cover: bool = False) -> Path:
    """Write half a second of silence, with a cover picture attached where asked for (``.mp3``)."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=44100)
        if cover:
            picture = container.add_stream("mjpeg", rate=1)
            picture.width, picture.height, picture.pix_fmt = 64, 48, "yuvj420p"
            picture.disposition = Disposition.attached_pic
            frame = av.VideoFrame.from_ndarray(grey_frames(1)[0], format="rgb24")
            frame.pts, frame.time_base = 0, Fraction(1)
            container.mux([*picture.encode(frame), *picture.encode()])
        for number in range(20):
            silence = np.zeros((2, 1152), np.float32)
            sound = av.AudioFrame.from_ndarray(silence, format="fltp", layout="stereo")
            sound.sample_rate, sound.pts = 44100, number * 1152
            container.mux(stream.encode(sound))
        container.mux(stream.encode())
    return path


def make_streams(path: Path, sizes: Sequence[tuple[int, int]], *, main: int) -> Path:
    """A file of several video streams of ten frames, of which one is flagged as the default."""
    with av.open(str(path), "w") as container:
        streams: list[Any] = [container.add_stream("libx264", rate=25) for _ in sizes]
        for number, (stream, size) in enumerate(zip(streams, sizes, strict=True)):
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            stream.disposition = Disposition.default if number == main else Disposition(0)
        for number in range(10):
            for stream in streams:
                image = grey_frames(10, stream.width, stream.height)[number]
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode())
    return path


def remux(
    source: Path,
    path: Path,
    *,
    replace: Mapping[int, bytes] | None = None,
    shift: int = 0,
    copies: int = 1,
    index_in_front: bool = False,
    first: int = 0,
    all_marked: bool = False,
) -> Path:
    """Copy a video's packets into another file without encoding them anew.

    Args:
        source: the video.
        path: path to write to; the suffix chooses the container.
        replace: other bytes for some packets, by their number in the file.
        shift: units of the stream's clock by which every packet is moved ahead; what lands before zero is not to be
            shown.
        copies: number of equal video streams that the new file gets.
        index_in_front: write an MP4's index before its frames, so that a truncated file keeps it.
        first: the number of the first packet to copy.
        all_marked: mark every packet as a key frame.
    """
    options = {"avoid_negative_ts": "disabled", **({"movflags": "faststart"} if index_in_front else {})}
    with av.open(str(source)) as given, av.open(str(path), "w", options=options) as made:
        stream = given.streams.video[0]
        streams: list[VideoStream] = [made.add_stream_from_template(stream) for _ in range(copies)]
        for number, packet in enumerate(given.demux(stream)):
            if not packet.size or number < first:
                continue
            if packet.pts is None or packet.dts is None:
                raise ValueError(f"{source.name} has packets without times; use an .mp4 file")
            for target in streams:
                copy = av.Packet((replace or {}).get(number, bytes(packet)))
                copy.pts, copy.dts, copy.duration = packet.pts - shift, packet.dts - shift, packet.duration
                copy.time_base, copy.is_keyframe = packet.time_base, packet.is_keyframe or all_marked
                copy.stream = target
                made.mux(copy)
    return path


def packets(path: Path) -> list[bytes]:
    """The packets of a video, in the file's order."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(container.streams.video[0]) if packet.size]


def rotate_mp4(path: Path, degrees: int) -> Path:
    """Set the rotation metadata of an MP4 file in place: clockwise, in steps of 90 degrees."""
    cosine, sine = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    return lay_mp4(path, (cosine, sine, -sine, cosine))


def lay_mp4(path: Path, matrix: tuple[float, float, float, float]) -> Path:
    """Set the display matrix of an MP4 file in place: a, b, c, d, which take x, y to a x + c y, b x + d y."""
    content = bytearray(path.read_bytes())
    a, b, c, d = (round(value * (1 << 16)) for value in matrix)
    struct.pack_into(">9i", content, content.index(b"tkhd") + 44, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path


def cut_short(path: Path, share: float) -> Path:
    """Keep only the first part of a file, in place."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path
