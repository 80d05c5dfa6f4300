"""Odd files, read as ``Detector`` reads them: with the default decoders, from the path to the frames."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from genconvit.core.errors import SourceError
from genconvit.core.types import Frame
from genconvit.inputs.expand import expand_paths
from genconvit.registry import VIDEO_DECODERS
from genconvit.video.base import VideoDecoder
from genconvit.video.reading import SourceOpened, read_source
from genconvit.video.sampling import FrameChoice
from genconvit.video.select import resolve_decoders
from support import cut_short, grey_frames, index_of, make_audio, make_streams, make_video, rotate_mp4

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX file system")
ALL = FrameChoice("all")

QUIET_X265 = {"x265-params": "log-level=none"}
FORMATS: Mapping[str, dict[str, Any]] = {
    "ten_bit_h264.mp4": {"pix_fmt": "yuv420p10le"},
    "ten_bit_422_h264.mp4": {"pix_fmt": "yuv422p10le"},
    "ten_bit_hevc.mp4": {"codec": "libx265", "pix_fmt": "yuv420p10le", "options": QUIET_X265},
    "twelve_bit_hevc.mp4": {"codec": "libx265", "pix_fmt": "yuv420p12le", "options": QUIET_X265},
    "ten_bit_vp9.webm": {"codec": "libvpx-vp9", "pix_fmt": "yuv420p10le"},
    "ten_bit_av1.webm": {"codec": "libsvtav1", "pix_fmt": "yuv420p10le"},
    "sixteen_bit_png.mov": {"codec": "png", "pix_fmt": "rgb48be"},
    "grey.mkv": {"codec": "ffv1", "pix_fmt": "gray"},
    "sixteen_bit_grey.avi": {"codec": "ffvhuff", "pix_fmt": "gray16le"},
    "rgb_planes_vp9.webm": {"codec": "libvpx-vp9", "pix_fmt": "gbrp"},
    "rgb_planes_hevc.mp4": {"codec": "libx265", "pix_fmt": "gbrp", "options": QUIET_X265},
    "rgb_h264.mp4": {"codec": "libx264rgb", "pix_fmt": "rgb24"},
    "full_chroma.mp4": {"pix_fmt": "yuv444p"},
    "full_range.mp4": {"pix_fmt": "yuvj420p"},
    "interlaced.mp4": {"options": {"x264-params": "tff=1"}},
    "uncompressed.nut": {"codec": "rawvideo", "pix_fmt": "bgr24"},
    "frames.y4m": {"codec": "rawvideo"},
    "animated.apng": {"codec": "apng", "pix_fmt": "rgb24"},
    "animated.gif": {"codec": "gif", "pix_fmt": "rgb8"},
    "variable_rate.mkv": {"rate": 1000, "ticks": lambda number: number * 40 + (number * 7919) % 37},
    "from_a_late_start.mp4": {"ticks": lambda number: number + 90_000},
    "from_a_late_start.ts": {"ticks": lambda number: number + 90_000},
    "from_before_zero.mkv": {"ticks": lambda number: number - 5},
}
TRANSPARENT: Mapping[str, dict[str, Any]] = {
    "vp8.webm": {"codec": "libvpx", "pix_fmt": "yuva420p", "options": {"auto-alt-ref": "0"}},
    "vp9.webm": {"codec": "libvpx-vp9", "pix_fmt": "yuva420p"},
    "png.mov": {"codec": "png", "pix_fmt": "rgba"},
    "animation.mov": {"codec": "qtrle", "pix_fmt": "argb"},
    "prores4444.mov": {"codec": "prores_ks", "pix_fmt": "yuva444p10le"},
}
CUT: Mapping[str, dict[str, Any]] = {
    "h264.mkv": {},
    "mpeg4.avi": {"codec": "mpeg4", "options": {"b": "3000000"}},
    "vp9.webm": {"codec": "libvpx-vp9"},
    "h264.ts": {},
    "mpeg2.mpg": {"codec": "mpeg2video", "options": {"b": "3000000"}},
    "flv1.flv": {"codec": "flv1"},
}
JOINED: Mapping[str, dict[str, Any]] = {
    "h264.mkv": {},
    "vp9.webm": {"codec": "libvpx-vp9"},
    "mpeg2.mpg": {"codec": "mpeg2video", "options": {"b": "3000000"}},
    "mjpeg.avi": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "raw.h264": {},
    "animated.gif": {"codec": "gif", "pix_fmt": "rgb8"},
}


def default_decoders() -> list[VideoDecoder]:
    return [VIDEO_DECODERS.load(name)() for name in resolve_decoders("auto")]


def read(source: Path | str) -> tuple[SourceOpened, list[Frame]]:
    """Give what all frames of a source give, with the event that came first."""
    opened, *frames = read_source(source, default_decoders(), ALL)
    assert isinstance(opened, SourceOpened)
    return opened, [frame for frame in frames if isinstance(frame, Frame)]


def numbers(frames: Sequence[Frame]) -> list[int]:
    return [index_of(frame.image) for frame in frames]


def encoded(path: Path, **options: Any) -> Path:
    """A video of grey frames; skips where this FFmpeg lacks the encoder or the pixel format."""
    try:
        return make_video(path, grey_frames(options.pop("count", 12)), **options)
    except (av.FFmpegError, av.codec.codec.UnknownCodecError) as error:
        pytest.skip(f"FFmpeg cannot encode it here: {error}")


def rewritten(source: Path, path: Path, *, pts: Callable[[int, int], int], duration: int | None = None) -> Path:
    """A copy of a video without B-frames in which packets have other times; ``pts`` gets a packet's number and time."""
    with av.open(str(source)) as given, av.open(str(path), "w") as made:
        target = made.add_stream_from_template(given.streams.video[0])
        for number, packet in enumerate(given.demux(given.streams.video[0])):
            if packet.size and packet.pts is not None:
                copy = av.Packet(bytes(packet))
                copy.pts = copy.dts = pts(number, packet.pts)
                copy.duration = packet.duration if duration is None else duration
                copy.time_base, copy.is_keyframe, copy.stream = packet.time_base, packet.is_keyframe, target
                made.mux(copy)
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_formats(tmp_path: Path, name: str) -> None:
    opened, frames = read(encoded(tmp_path / name, **FORMATS[name]))
    assert (opened.frame_count, opened.notes) == (12, ())
    assert numbers(frames) == list(range(12))
    assert frames[0].pts_seconds == 0.0
    assert all(np.diff([frame.pts_seconds or 0.0 for frame in frames]) > 0)


@pytest.mark.parametrize("name", TRANSPARENT)
def test_transparency_is_dropped(tmp_path: Path, name: str) -> None:
    _, frames = read(encoded(tmp_path / name, **TRANSPARENT[name]))
    assert numbers(frames) == list(range(12))
    assert {frame.image.shape for frame in frames} == {(48, 64, 3)}


def test_what_a_transparent_pixel_hides_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.mov"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("png", rate=25)
        stream.width, stream.height, stream.pix_fmt = 8, 6, "rgba"
        clear = np.zeros((6, 8, 4), np.uint8)
        clear[..., :3] = 120
        frame = av.VideoFrame.from_ndarray(clear, format="rgba")
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        container.mux([*stream.encode(frame), *stream.encode()])
    _, (seen,) = read(path)
    assert np.unique(np.asarray(seen.image)).tolist() == [120]


@pytest.mark.parametrize(
    ("width", "height", "options"),
    [
        (63, 47, {"codec": "ffv1"}),
        (63, 47, {"pix_fmt": "yuv444p"}),
        (1, 1, {"pix_fmt": "yuv444p"}),
        (1, 1, {"codec": "libvpx-vp9"}),
        (3, 5, {"codec": "libvpx-vp9"}),
        (16, 4000, {}),
        (4000, 16, {"codec": "libvpx-vp9"}),
    ],
)
def test_sizes(tmp_path: Path, width: int, height: int, options: dict[str, Any]) -> None:
    _, frames = read(make_video(tmp_path / "a.mkv", grey_frames(4, width, height), **options))
    assert [frame.image.shape for frame in frames] == [(height, width, 3)] * 4
    assert numbers(frames) == [0, 1, 2, 3]


@pytest.mark.parametrize(("degrees", "shape"), [(90, (64, 48, 3)), (180, (48, 64, 3)), (270, (64, 48, 3))])
def test_rotations(tmp_path: Path, degrees: int, shape: tuple[int, ...]) -> None:
    _, frames = read(rotate_mp4(make_video(tmp_path / "a.mp4", grey_frames(5)), degrees))
    assert {frame.image.shape for frame in frames} == {shape}
    assert numbers(frames) == list(range(5))


def test_both_fields_of_an_interlaced_frame_are_in_it(tmp_path: Path) -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    image[::2] = 200
    path = make_video(tmp_path / "a.mp4", [image] * 3, options={"x264-params": "tff=1", "crf": "1"})
    lines = np.asarray(read(path)[1][1].image, np.float64).mean(axis=(1, 2))
    assert lines[::2].min() > 190
    assert lines[1::2].max() < 10


def test_one_frame(tmp_path: Path) -> None:
    for name, codec in {"a.mp4": "libx264", "a.webm": "libvpx-vp9", "a.ts": "libx264"}.items():
        opened, frames = read(make_video(tmp_path / name, grey_frames(1), codec=codec))
        assert (opened.frame_count, numbers(frames)) == (1, [0])


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.webm"])
def test_a_header_without_a_frame(tmp_path: Path, name: str) -> None:
    with av.open(str(tmp_path / name), "w") as container:
        codec = "libvpx-vp9" if name.endswith("webm") else "mpeg4"
        stream: Any = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    with pytest.raises(SourceError, match=r"holds no (frame|video stream)|cannot open it \(End of file\)") as caught:
        read(tmp_path / name)
    assert caught.value.source == str(tmp_path / name)


@pytest.mark.parametrize("main", [0, 1])
def test_of_several_video_streams_the_default_one_is_read(tmp_path: Path, main: int) -> None:
    sizes = [(32, 24), (64, 48)]
    _, frames = read(make_streams(tmp_path / "a.mkv", sizes, main=main))
    assert numbers(frames) == list(range(10))
    assert {frame.image.shape[:2][::-1] for frame in frames} == {sizes[main]}


@pytest.mark.parametrize("name", ["song.mp3", "song.mp4"])
def test_a_cover_picture_is_no_video(tmp_path: Path, name: str) -> None:
    codec = "libmp3lame" if name.endswith("mp3") else "aac"
    with pytest.raises(SourceError, match=r"no video stream \(sound alone and a cover picture\)"):
        read(make_audio(tmp_path / name, codec=codec, cover=True))


def test_a_trimmed_start_is_left_out(tmp_path: Path) -> None:
    _, frames = read(make_video(tmp_path / "a.mp4", grey_frames(12), ticks=lambda number: number - 5))
    assert numbers(frames) == list(range(5, 12))
    assert [frame.index for frame in frames] == list(range(7))
    assert frames[0].pts_seconds == 0.0


def test_an_mp4_cut_short_behind_its_index_says_how_much_is_there(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", grey_frames(300), container_options={"movflags": "faststart"})
    opened, frames = read(cut_short(path, 0.6))
    assert f"the file is cut short: {opened.frame_count} of its 300 frames are there" in opened.notes
    assert len(frames) >= opened.frame_count - 4 > 50
    assert numbers(frames[:-4]) == [frame.index % 50 for frame in frames[:-4]]


@pytest.mark.parametrize("name", CUT)
def test_other_files_that_are_cut_short_give_what_is_there(tmp_path: Path, name: str) -> None:
    opened, frames = read(cut_short(encoded(tmp_path / name, count=50, **CUT[name]), 0.7))
    assert 20 < opened.frame_count < 50
    assert opened.frame_count - 4 <= len(frames)
    assert numbers(frames[:-4]) == list(range(len(frames) - 4))


@pytest.mark.parametrize("name", JOINED)
def test_files_that_were_joined_give_the_frames_of_both(tmp_path: Path, name: str) -> None:
    halves = [tmp_path / f"{half}{Path(name).suffix}" for half in ("first", "second")]
    for half, images in zip(halves, (grey_frames(30), grey_frames(50)[30:]), strict=True):
        make_video(half, images, **JOINED[name])
    (tmp_path / name).write_bytes(b"".join(half.read_bytes() for half in halves))
    opened, frames = read(tmp_path / name)
    assert opened.frame_count == 50
    assert numbers(frames) == list(range(50))


def test_of_joined_mp4_files_the_first_is_read(tmp_path: Path) -> None:
    first = make_video(tmp_path / "a.mp4", grey_frames(20))
    first.write_bytes(first.read_bytes() + make_video(tmp_path / "b.mp4", grey_frames(30)).read_bytes())
    assert numbers(read(first)[1]) == list(range(20))


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_packets_without_a_duration(tmp_path: Path, name: str) -> None:
    whole = make_video(tmp_path / "whole.mp4", grey_frames(20), codec="mpeg4", options={"b": "3000000"})
    path = rewritten(whole, tmp_path / name, pts=lambda _, time: time, duration=0)
    seen = numbers(read(path)[1])
    assert seen == list(range(len(seen)))
    assert len(seen) >= 19, "a muxer may trim the last frame, which is shown for no time"


def test_two_frames_at_one_time_are_two_frames(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "whole.mp4", grey_frames(20), codec="mpeg4", options={"b": "3000000"})
    path = rewritten(whole, tmp_path / "twice.mkv", pts=lambda number, time: time - (512 if number == 5 else 0))
    opened, frames = read(path)
    assert opened.frame_count == 20
    assert numbers(frames) == list(range(20))


def test_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    content = make_video(tmp_path / "plain.mp4", grey_frames(3)).read_bytes()
    names = [
        "two words.mp4",
        "vidéo 東京 🎬.mp4",
        "-dash.mp4",
        "--help.mp4",
        "percent%d.mp4",
        "concat:a.mp4",
        "no suffix",
    ]
    for name in [*names, *(["new\nline.mp4", "tab\t.mp4", "back\\slash.mp4"] if os.name == "posix" else [])]:
        Path(name).write_bytes(content)
        assert numbers(read(name)[1]) == [0, 1, 2]
        assert expand_paths([name]).sources == (name,)


@posix
def test_links(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    clip = make_video(tmp_path / "there" / "a.mp4", grey_frames(3))
    links = {name: tmp_path / name for name in ("link.mp4", "folder", "dangling.mp4", "circle.mp4")}
    for link, target in zip(
        links.values(), (clip, clip.parent, tmp_path / "gone", tmp_path / "circle.mp4"), strict=True
    ):
        link.symlink_to(target)
    assert numbers(read(links["link.mp4"])[1]) == [0, 1, 2]
    assert expand_paths([links["folder"]]).sources == (str(links["folder"] / "a.mp4"),)
    for name, reason in {"dangling.mp4": "no such file", "circle.mp4": "its symbolic links lead in a circle"}.items():
        with pytest.raises(SourceError, match=reason):
            read(links[name])
    assert str(links["link.mp4"]) in expand_paths([tmp_path]).sources


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", grey_frames(3))
    path.chmod(0)
    with pytest.raises(SourceError, match="permission denied"):
        read(path)
    locked = tmp_path / "locked"
    locked.mkdir(mode=0)
    with pytest.raises(SourceError, match="the folder cannot be listed"):
        read(locked)


def test_a_file_that_vanishes_after_it_was_listed(tmp_path: Path) -> None:
    (listed,) = expand_paths([make_video(tmp_path / "a.mp4", grey_frames(3)).parent]).sources
    Path(listed).unlink()
    with pytest.raises(SourceError, match="no such file; check the path"):
        read(listed)


@posix
@pytest.mark.parametrize("replace", [False, True])
def test_a_file_that_vanishes_between_opening_and_reading(tmp_path: Path, replace: bool) -> None:
    path = make_video(tmp_path / "a.mp4", grey_frames(20))
    events = read_source(path, default_decoders(), ALL)
    next(events)
    path.unlink()
    if replace:
        path.write_text("another file")
    with pytest.raises(SourceError, match="cut short" if replace else "cannot open it"):
        list(events)


@posix
def test_a_file_that_vanishes_while_it_is_read_is_read_to_its_end(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", grey_frames(20))
    events = read_source(path, default_decoders(), ALL)
    opened, first = next(events), next(events)
    path.unlink()
    assert len([opened, first, *events]) == 21


@posix
def test_a_file_that_shrinks_while_it_is_read_gives_frames_or_an_error(tmp_path: Path) -> None:
    noise: npt.NDArray[np.uint8] = np.random.default_rng(0).integers(0, 256, (60, 48, 64, 3), dtype=np.uint8)
    path = make_video(tmp_path / "a.mkv", noise)
    events = read_source(path, default_decoders(), ALL)
    seen = [next(events), next(events)]
    os.truncate(path, path.stat().st_size // 2)
    seen += list(events)
    assert 2 <= len(seen) < 61


@posix
def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    failures: list[str] = []

    def attempt() -> None:
        try:
            read(tmp_path / "pipe.mp4")
        except SourceError as error:
            failures.append(error.reason)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(10)
    assert failures == ["neither a file nor a directory, but a pipe, a socket or a device"]
