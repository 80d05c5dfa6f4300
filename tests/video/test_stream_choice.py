"""The video is read among several video streams, and not a preview or a cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from av.stream import Disposition

from genconvit.video.pyav import PyAVDecoder
from genconvit.video.reading import SourceOpened, read_source
from genconvit.video.sampling import FrameChoice
from support import grey_frames, shared


@dataclass(frozen=True)
class Track:
    """A video stream to be made."""

    width: int
    height: int
    codec: str = "libx264"
    frames: int = 10
    disposition: Disposition | None = None


PREVIEW = Track(32, 24, "mjpeg")
MAIN = Track(64, 48)
DEFAULT = Disposition.default


def make(path: Path, tracks: Sequence[Track]) -> Path:
    with av.open(str(path), "w") as container:
        streams: list[Any] = [container.add_stream(track.codec, rate=25) for track in tracks]
        for stream, track in zip(streams, tracks, strict=True):
            stream.width, stream.height = track.width, track.height
            stream.pix_fmt = "yuvj420p" if track.codec == "mjpeg" else "yuv420p"
            stream.disposition = track.disposition or Disposition(0)
        for number in range(max(track.frames for track in tracks)):
            for stream, track in zip(streams, tracks, strict=True):
                if number < track.frames:
                    image = grey_frames(number + 1, track.width, track.height)[number]
                    frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                    frame.pts, frame.time_base = number, Fraction(1, 25)
                    container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode())
    return path


def read(path: Path) -> tuple[tuple[int, ...], int, tuple[str, ...]]:
    """The frames' shape, how many there are, and the notes."""
    opened, first, *_ = read_source(path, [PyAVDecoder()], FrameChoice("all"))
    assert isinstance(opened, SourceOpened)
    assert not isinstance(first, SourceOpened)
    return tuple(first.image.shape[:2]), opened.frame_count, opened.notes


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "avi"])
@pytest.mark.parametrize("order", [(PREVIEW, MAIN), (MAIN, PREVIEW)], ids=["before", "behind"])
def test_a_preview_is_not_the_video(tmp_path: Path, suffix: str, order: Sequence[Track]) -> None:
    shape, count, notes = read(make(tmp_path / f"a.{suffix}", order))
    assert (shape, count) == ((48, 64), 10)
    assert notes == (f"of its 2 video streams, number {order.index(MAIN)} was read (64 x 48 pixels)",)


@pytest.mark.parametrize(
    ("tracks", "chosen"),
    [
        ([Track(64, 48), Track(32, 24, disposition=DEFAULT)], 1),
        ([Track(32, 24, disposition=DEFAULT), Track(64, 48, disposition=DEFAULT)], 1),
        ([Track(64, 48), Track(64, 48)], 0),
        ([Track(32, 24, "mjpeg", disposition=DEFAULT), Track(64, 48)], 1),
        ([Track(96, 64, "mjpeg", disposition=DEFAULT), Track(64, 48)], 0),
    ],
    ids=["default", "two defaults", "equal", "marked preview", "large pictures"],
)
def test_the_default_one_or_the_one_with_the_most_pixels(tmp_path: Path, tracks: Sequence[Track], chosen: int) -> None:
    shape, count, _ = read(make(tmp_path / "a.mkv", tracks))
    track = tracks[chosen]
    assert (shape, count) == ((track.height, track.width), track.frames)


def test_a_short_stream_is_not_the_video_for_its_size(tmp_path: Path) -> None:
    assert read(make(tmp_path / "a.mp4", [Track(64, 48, frames=3), Track(48, 32)]))[:2] == ((32, 48), 10)


def test_a_cover_beside_a_video_is_not_counted(tmp_path: Path) -> None:
    cover = Track(128, 96, "mjpeg", frames=1, disposition=Disposition.attached_pic)
    assert read(make(tmp_path / "a.mp4", [MAIN, cover])) == ((48, 64), 10, ())


def test_the_shared_file() -> None:
    assert read(shared("odd_files", "preview_first.mp4"))[:2] == ((240, 320), 20)
