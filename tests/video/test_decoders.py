"""Every decoder gives frame i of the file for index i, upright, with its time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genconvit.core.errors import SourceError
from genconvit.video.base import VideoDecoder
from genconvit.video.sampling import evenly_spaced
from support import cut_short, grey_frames, index_of, make_audio, make_video, remux, rotate_mp4, shared

CLIPS = ("0017_fake", "0048_fake", "anndvqgoko", "sample_2", "sample_4")

BOTH_READ: Mapping[str, dict[str, Any]] = {
    "b_frames.mp4": {},
    "b_frames.mkv": {},
    "fragmented.mp4": {"container_options": {"movflags": "frag_keyframe+empty_moov"}},
    "open_gop.mp4": {"options": {"x264-params": "open-gop=1:keyint=12:bframes=3"}},
    "ten_bit.mp4": {"codec": "libx265", "pix_fmt": "yuv420p10le", "options": {"x265-params": "log-level=none"}},
    "mpeg4_b_frames.mp4": {"codec": "mpeg4", "options": {"bf": "2", "b": "3000000"}},
    "variable_rate.mp4": {"rate": 100, "ticks": lambda number: number * 3 + number % 3},
    "vp9.webm": {"codec": "libvpx-vp9"},
    "vp8.webm": {"codec": "libvpx"},
    "mjpeg.avi": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "ffv1.mkv": {"codec": "ffv1", "pix_fmt": "yuv420p10le"},
    "wmv2.wmv": {"codec": "wmv2"},
    "flv1.flv": {"codec": "flv1"},
    "png.mov": {"codec": "png", "pix_fmt": "rgb24"},
}

PYAV_ALONE: Mapping[str, dict[str, Any]] = {
    "h264.avi": {},
    "mpeg4.avi": {"codec": "mpeg4", "options": {"bf": "2", "b": "3000000"}},
    "h264.ts": {},
    "mpeg2.mpg": {"codec": "mpeg2video"},
    "raw.h264": {},
    "animated.gif": {"codec": "gif", "pix_fmt": "rgb8"},
}


def check_frames(decoder: VideoDecoder, path: Path, count: int = 50) -> None:
    with decoder.open(path) as stream:
        assert stream.decoder == decoder.name
        assert stream.frame_count == count
        for indices in (range(count), evenly_spaced(count, 7), [count // 2 - 1, count // 2 + 1], [count - 1], [0]):
            frames = list(stream.read(indices))
            assert [frame.index for frame in frames] == list(indices)
            assert [index_of(frame.image) for frame in frames] == [index % 50 for index in indices]


@pytest.mark.parametrize("name", BOTH_READ)
def test_index_i_gives_frame_i(tmp_path: Path, decoder: VideoDecoder, name: str) -> None:
    check_frames(decoder, make_video(tmp_path / name, grey_frames(50), **BOTH_READ[name]))


@pytest.mark.parametrize("name", PYAV_ALONE)
def test_pyav_reads_the_formats_that_decord_refuses(
    tmp_path: Path, pyav: VideoDecoder, decord: VideoDecoder, name: str
) -> None:
    path = make_video(tmp_path / name, grey_frames(50), **PYAV_ALONE[name])
    check_frames(pyav, path)
    with pytest.raises(SourceError, match="decord"):
        decord.open(path)


def test_a_long_video_is_read_across_its_key_frames(tmp_path: Path, decoder: VideoDecoder) -> None:
    check_frames(decoder, make_video(tmp_path / "long.mp4", grey_frames(600), gop=100), 600)


@pytest.mark.parametrize("clip", CLIPS)
def test_both_decoders_give_the_same_pixels_and_times(clip: str, decord: VideoDecoder, pyav: VideoDecoder) -> None:
    path = shared("videos", f"{clip}.mp4")
    with decord.open(path) as first, pyav.open(path) as second:
        assert first.frame_count == second.frame_count
        indices = evenly_spaced(first.frame_count, 15)
        pairs = zip(first.read(indices), second.read(indices), strict=True)
        for index, (one, other) in zip(indices, pairs, strict=True):
            assert (one.index, other.index) == (index, index)
            assert one.pts_seconds == other.pts_seconds
            np.testing.assert_array_equal(one.image, other.image)


def test_times_are_decords_own(decord: VideoDecoder, tmp_path: Path) -> None:
    import decord as library

    path = make_video(tmp_path / "vfr.mp4", grey_frames(20), rate=100, ticks=lambda number: number * number)
    with decord.open(path) as stream:
        times = [frame.pts_seconds for frame in stream.read(range(20))]
    expected = library.VideoReader(str(path)).get_frame_timestamp(range(20))[:, 0]
    np.testing.assert_allclose(np.array(times, float), expected, rtol=1e-5)
    assert times[:3] == [0.0, 0.01, 0.04]


@pytest.mark.parametrize(("width", "height"), [(63, 47), (47, 63), (48, 64), (1, 1), (130, 2)])
def test_odd_and_narrow_sizes(tmp_path: Path, decoder: VideoDecoder, width: int, height: int) -> None:
    path = make_video(tmp_path / "odd.mov", grey_frames(3, width, height), codec="png", pix_fmt="rgb24")
    with decoder.open(path) as stream:
        images = [frame.image for frame in stream.read(range(3))]
    assert [image.shape for image in images] == [(height, width, 3)] * 3
    assert [index_of(image) for image in images] == [0, 1, 2]


def test_one_frame(tmp_path: Path, decoder: VideoDecoder) -> None:
    with decoder.open(make_video(tmp_path / "one.mp4", grey_frames(1))) as stream:
        assert stream.frame_count == 1
        assert [frame.pts_seconds for frame in stream.read([0])] == [0.0]


@pytest.mark.parametrize(("degrees", "red"), [(0, (0, 0)), (90, (0, -1)), (180, (-1, -1)), (270, (-1, 0))])
def test_frames_are_upright(tmp_path: Path, decoder: VideoDecoder, degrees: int, red: tuple[int, int]) -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    image[:24, :32, 0] = 250
    path = rotate_mp4(make_video(tmp_path / "r.mp4", [image] * 5, options={"crf": "5"}), degrees)
    with decoder.open(path) as stream:
        frame = next(iter(stream.read([2])))
    assert frame.image.shape == ((48, 64, 3) if degrees % 180 == 0 else (64, 48, 3))
    corners = {place: int(frame.image[place][0]) for place in ((0, 0), (0, -1), (-1, 0), (-1, -1))}
    assert [place for place, value in corners.items() if value > 200] == [red]


def test_rotated_pixels_are_the_same(tmp_path: Path, decord: VideoDecoder, pyav: VideoDecoder) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (5, 48, 64, 3), np.uint8)
    path = rotate_mp4(make_video(tmp_path / "r.mp4", noise), 90)
    with decord.open(path) as first, pyav.open(path) as second:
        for one, other in zip(first.read(range(5)), second.read(range(5)), strict=True):
            np.testing.assert_array_equal(one.image, other.image)


def test_the_first_of_two_equal_video_streams(tmp_path: Path, decoder: VideoDecoder) -> None:
    path = make_video(tmp_path / "one.mp4", grey_frames(50))
    check_frames(decoder, remux(path, tmp_path / "two.mkv", copies=2))


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        ("sound.mp4", {}, r"no video stream \(sound alone\)"),
        ("song.mp3", {"codec": "libmp3lame", "cover": True}, r"no video stream \(sound alone and a cover picture\)"),
    ],
)
def test_sound_alone_says_so(
    tmp_path: Path, decoder: VideoDecoder, name: str, options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(SourceError, match=reason):
        decoder.open(make_audio(tmp_path / name, **options))


@pytest.mark.parametrize("content", [b"hello\n" * 100, b"\0" * 4096, b"#EXTM3U\nhttp://localhost/a.ts\n"])
def test_what_is_no_video_is_one_readable_line(tmp_path: Path, decoder: VideoDecoder, content: bytes) -> None:
    path = tmp_path / "text.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        decoder.open(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(caught.value.reason) < 200


def test_cut_short_before_its_index(tmp_path: Path, decoder: VideoDecoder) -> None:
    path = cut_short(make_video(tmp_path / "end.mp4", grey_frames(50)), 0.3)
    with pytest.raises(SourceError, match="cut short"):
        decoder.open(path)


def test_damage_never_gives_another_frame(tmp_path: Path, decoder: VideoDecoder) -> None:
    whole = make_video(tmp_path / "whole.mp4", grey_frames(100), gop=20)
    path = remux(whole, tmp_path / "damaged.mkv", replace=dict.fromkeys(range(45, 58), b"\xff" * 40))
    with decoder.open(path) as stream:
        frames = stream.read(range(stream.frame_count))
        seen = 0
        try:
            for frame in frames:
                if not 38 <= frame.index < 62:
                    assert index_of(frame.image) == frame.index % 50
                seen += 1
        except SourceError as error:
            assert decoder.name == "decord"
            assert "decord cannot read it (" in error.reason  # noqa: PT017 - the other decoder goes on
            return  # its thread meets the damage while earlier frames still wait, at a moment of its own
    assert seen >= 80
