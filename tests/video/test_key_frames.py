"""Decoding begins at packets where it can, and no frame comes that was decoded without the ones it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from genconvit.video.base import VideoDecoder
from genconvit.video.index import index_frames
from genconvit.video.picture_type import RandomAccess, start_reader
from genconvit.video.pyav import PyAVDecoder
from genconvit.video.reading import SourceOpened, read_source
from genconvit.video.sampling import FrameChoice, evenly_spaced
from support import make_video, packets, remux, shared

COUNT = 60
X264 = "bframes=2:b-adapt=0:scenecut=0:keyint=20"
CODECS: Mapping[str, dict[str, Any]] = {
    "h264": {"options": {"x264-params": X264}},
    "open_h264": {"options": {"x264-params": f"{X264}:open-gop=1"}},
    "hevc": {"codec": "libx265", "options": {"x265-params": "log-level=none:keyint=20:scenecut=0:bframes=3"}},
    "mpeg4": {"codec": "mpeg4", "gop": 20, "options": {"bf": "2", "b": "3000000"}},
    "mpeg2": {"codec": "mpeg2video", "gop": 15, "options": {"bf": "2", "b": "3000000"}},
    "flv1": {"codec": "flv1", "gop": 20},
    "wmv1": {"codec": "wmv1", "gop": 20},
    "wmv2": {"codec": "wmv2", "gop": 20},
    "msmpeg4": {"codec": "msmpeg4", "gop": 20},
    "vp8": {"codec": "libvpx", "gop": 20, "options": {"cpu-used": "8"}},
    "vp9": {"codec": "libvpx-vp9", "gop": 20, "options": {"cpu-used": "8"}},
}
FILES = (
    *("h264.mp4", "h264.mkv", "h264.ts", "open_h264.mkv", "hevc.mp4", "hevc.ts", "mpeg4.mp4", "mpeg4.mkv", "mpeg2.mkv"),
    *("mpeg2.ts", "mpeg2.mpg", "flv1.flv", "wmv1.wmv", "wmv2.wmv", "msmpeg4.mkv", "vp8.webm", "vp9.mp4"),
)
BEGIN = 25
"""The first packet of a file that begins between key frames."""


def drifting(count: int) -> list[npt.NDArray[np.uint8]]:
    """Frames of a texture that drifts, so that every frame needs those before it."""
    texture = np.kron(np.random.default_rng(3).integers(0, 256, (16, 32, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    places = [(abs(32 - number % 64), 2 * number) for number in range(count)]
    return [np.ascontiguousarray(texture[y : y + 48, x : x + 64]) for y, x in places]


def made(folder: Path, name: str, **how: Any) -> tuple[Path, Path]:
    """A sound video, and one of the same packets with other marks, or without the first ones."""
    codec, suffix = name.split(".")
    in_mp4 = codec in ("h264", "open_h264", "hevc", "mpeg4", "mpeg2")
    timed = make_video(folder / f"timed.{'mp4' if in_mp4 else suffix}", drifting(COUNT), **CODECS[codec])
    # One encoding for both: x264 with AVX-512 does not give the same twice.
    return remux(timed, folder / f"sound.{suffix}"), remux(timed, folder / name, **how)


def images(path: Path, indices: Sequence[int]) -> list[npt.NDArray[np.int64]]:
    with PyAVDecoder().open(path) as stream:
        frames = list(stream.read(indices))
    assert [frame.index for frame in frames] == list(indices)
    return [np.asarray(frame.image, np.int64) for frame in frames]


def differences(path: Path, sound: Path, indices: Sequence[int], shift: int = 0) -> list[float]:
    """Measure how far frames are from the ones of a sound video, on average over the pixels."""
    true = images(sound, range(COUNT))
    return [
        float(np.abs(image - true[index + shift]).mean())
        for index, image in zip(indices, images(path, indices), strict=True)
    ]


@pytest.mark.parametrize("name", FILES)
def test_marks_that_are_wrong_are_not_believed(tmp_path: Path, name: str) -> None:
    sound, path = made(tmp_path, name, all_marked=True)
    assert list(index_frames(path).keys) == list(index_frames(sound).keys)
    for indices in (evenly_spaced(COUNT, 7), [COUNT - 1], [33], range(COUNT)):
        assert max(differences(path, sound, indices)) < 1


@pytest.mark.parametrize("name", FILES)
def test_what_needs_frames_from_before_the_beginning_is_left_out(tmp_path: Path, name: str) -> None:
    sound, path = made(tmp_path, name, first=BEGIN)
    opened, *_ = read_source(path, [PyAVDecoder()], FrameChoice("spaced", 15))
    assert isinstance(opened, SourceOpened)
    count = opened.frame_count
    index = index_frames(sound)
    assert count == COUNT - next(key for key in index.keys if index.numbers[key] >= BEGIN)
    (note,) = opened.notes
    assert "frames need others that the file does not hold" in note
    for indices in (evenly_spaced(count, 15), range(count)):
        assert max(differences(path, sound, indices, COUNT - count)) < 1


def test_pictures_that_are_renewed_part_by_part_count_from_the_first_whole_one(tmp_path: Path) -> None:
    options = {"x264-params": "intra-refresh=1:bframes=0:scenecut=0:keyint=20"}
    sound = make_video(tmp_path / "sound.mkv", drifting(COUNT), options=options)
    path = remux(sound, tmp_path / "begins.mkv", first=10)
    with PyAVDecoder().open(path) as stream:
        count = stream.frame_count
        assert any("frames need others" in note for note in stream.notes)
    assert 5 < count < COUNT - 10
    assert max(differences(path, sound, range(count), COUNT - count)) < 1


def test_a_codec_that_does_not_show_its_key_frames_is_decoded_from_the_beginning(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mov", drifting(COUNT), codec="rpza", pix_fmt="rgb555")
    index = index_frames(path)
    assert len(index.keys) > 20, "this muxer marks every frame"
    assert not index.keys_are_shown
    every = images(path, range(COUNT))
    for position in (30, 59):
        np.testing.assert_array_equal(images(path, [position])[0], every[position])


def test_behind_a_frame_that_is_not_decoded_frames_come_from_a_key_frame_on(tmp_path: Path) -> None:
    sound = make_video(tmp_path / "sound.mkv", drifting(COUNT), codec="vp8", gop=20, options={"cpu-used": "8"})
    path = remux(sound, tmp_path / "damaged.mkv", replace={25: b"\xff" * 40})
    with PyAVDecoder().open(path) as stream:
        got = [frame.index for frame in stream.read(range(COUNT))]
    assert got == [*range(25), *range(40, COUNT)]


def test_decord_reads_past_wrong_marks(tmp_path: Path, decord: VideoDecoder) -> None:
    sound, path = made(tmp_path, "mpeg4.mp4", all_marked=True)
    true = images(sound, range(COUNT))
    with decord.open(path) as stream:
        for frame in stream.read(evenly_spaced(COUNT, 7)):
            assert np.abs(np.asarray(frame.image, np.int64) - true[frame.index]).mean() < 1


def test_an_mp4_without_its_table_of_key_frames_has_the_same_ones(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", drifting(COUNT), **CODECS["mpeg4"])
    keys = index_frames(path).keys
    path.write_bytes(path.read_bytes().replace(b"stss", b"free"))
    assert list(index_frames(path).keys) == list(keys)
    assert len(keys) in (3, 4)


@pytest.mark.parametrize(
    ("codec", "packet", "start"),
    [
        ("mpeg4", b"\0\0\1\xb6\x10", None),
        ("mpeg4", b"\0\0\1\xb6\x10\0", RandomAccess.OPEN),
        ("mpeg4", b"\0\0\1\xb6\x50\0", None),
        ("mpeg4", b"\0\0\1\xb3\0\0\x20\0\0\1\xb6\x10\0", RandomAccess.CLOSED),
        ("mpeg2video", b"\0\0\1\xb8\0\x08\0\x40\0\0\1\0\0\x0f", RandomAccess.CLOSED),
        ("mpeg2video", b"\0\0\1\xb8\0\x08\0\0\0\0\1\0\0\x0f", RandomAccess.OPEN),
        ("mpeg2video", b"\0\0\1\0\0\x17", None),
        ("h264", b"\0\0\1\x65\x88", RandomAccess.CLOSED),
        ("h264", b"\0\0\0\1\x09\xf0\0\0\1\x06\x06\x01\xc4\x80\0\0\1\x41\x9a", RandomAccess.OPEN),
        ("h264", b"\0\0\0\1\x09\xf0\0\0\1\x06\x06\x02\x24\x80\0\0\1\x41\x9a", None),
        ("h264", b"\0\0\1\x41\x9a", None),
        ("hevc", b"\0\0\1\x26\x01\xaf", RandomAccess.CLOSED),
        ("hevc", b"\0\0\1\x2a\x01\xaf", RandomAccess.OPEN),
        ("hevc", b"\0\0\1\x02\x01\xd0", None),
        ("h263", b"\0\0\x80\x02\x08\x03\0\0\0", RandomAccess.CLOSED),
        ("h263", b"\0\0\x80\x06\x0a\x08\0\0\0", None),
        ("vp8", b"\x10\x02\0", RandomAccess.CLOSED),
        ("vp8", b"\x11\x02\0", None),
        ("vp9", b"\x82\x49\x83\x42", RandomAccess.CLOSED),
        ("vp9", b"\x86\x00\x40", None),
        ("av1", b"\x12\0\x0a\x01\0\x32\x02\x10\0", RandomAccess.CLOSED),
        ("av1", b"\x12\0\x32\x02\x30\0", None),
    ],
)
def test_the_picture_type_of_a_packet(codec: str, packet: bytes, start: RandomAccess | None) -> None:
    start_of = start_reader(codec, None)
    assert start_of is not None
    assert start_of(packet) is start


@pytest.mark.parametrize("name", FILES)
def test_damaged_packets_are_no_error(tmp_path: Path, name: str) -> None:
    codec = name.partition(".")[0]
    content = packets(make_video(tmp_path / name, drifting(5), **CODECS[codec]))[0]
    random = np.random.default_rng(0)
    names = {"open_h264": "h264", "mpeg2": "mpeg2video", "msmpeg4": "msmpeg4v3"}
    for header in (None, b"\1" * 40):
        start_of = start_reader(names.get(codec, codec), header)
        assert start_of is not None
        for length in (*range(1, 40), len(content)):
            start_of(content[:length])
            start_of(random.bytes(length))


def test_the_shared_file_without_marks() -> None:
    sound, path = (shared("odd_files", name) for name in ("mp4v.mp4", "mp4v_without_stss.mp4"))
    for one, other in zip(images(sound, evenly_spaced(60, 7)), images(path, evenly_spaced(60, 7)), strict=True):
        np.testing.assert_array_equal(one, other)
