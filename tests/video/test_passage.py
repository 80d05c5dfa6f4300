"""Decoding as little as it takes gives the pixels that decoding everything gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.video.frame import VideoFrame

from genconvit.video import passage as module
from genconvit.video.base import VideoDecoder
from genconvit.video.index import index_frames
from genconvit.video.passage import Passage
from genconvit.video.sampling import evenly_spaced
from support import grey_frames, index_of, make_video, remux, shared

CLIPS = ("0017_fake", "0048_fake", "anndvqgoko", "sample_2", "sample_4")
COUNT = 90

X264 = {"refs": "4", "me": "dia"}
FORMATS: Mapping[str, dict[str, Any]] = {
    "pyramid.mp4": {"options": {**X264, "x264-params": "bframes=7:b-pyramid=normal:b-adapt=0"}, "gop": 60},
    "plain_b.mkv": {"options": {**X264, "x264-params": "bframes=3:b-pyramid=none:b-adapt=0"}, "gop": 60},
    "open_gop.mp4": {"options": {**X264, "x264-params": "open-gop=1:keyint=30:bframes=5:b-pyramid=normal:b-adapt=0"}},
    "short_groups.mp4": {"options": {**X264, "x264-params": "bframes=2"}, "gop": 20},
    "spatial.mp4": {"options": {**X264, "x264-params": "bframes=3:direct=spatial:weightb=1:b-adapt=0"}, "gop": 60},
    "temporal.mp4": {"options": {**X264, "x264-params": "bframes=3:direct=temporal:weightp=2:b-adapt=0"}, "gop": 60},
    "interlaced.mp4": {"options": {**X264, "x264-params": "tff=1:bframes=3:b-adapt=0"}, "gop": 60},
    "intra_refresh.mp4": {"options": {**X264, "x264-params": "intra-refresh=1:bframes=3:keyint=30"}},
    "sliced.mp4": {"options": {**X264, "x264-params": "slices=4:bframes=3"}, "gop": 60},
    "h264.ts": {"options": {**X264, "x264-params": "bframes=3:b-pyramid=normal"}, "gop": 60},
    "h264.avi": {"options": {**X264, "x264-params": "bframes=3:b-pyramid=normal"}, "gop": 60},
    "ten_bit.mp4": {"options": {**X264, "x264-params": "bframes=3"}, "pix_fmt": "yuv420p10le", "gop": 60},
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=none:bframes=8:b-pyramid=1"}, "gop": 60},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"auto-alt-ref": "1", "lag-in-frames": "20", "cpu-used": "8"}},
    "mpeg4.mp4": {"codec": "mpeg4", "options": {"bf": "3", "b": "3000000"}, "gop": 40},
    "mpeg2.mpg": {"codec": "mpeg2video", "options": {"bf": "2", "b": "3000000"}, "gop": 18},
}


def moving_texture(count: int = COUNT, width: int = 96, height: int = 64) -> Iterator[npt.NDArray[np.uint8]]:
    """Frames in which a coarse texture drifts over a still one, so that every frame needs those before it."""
    random = np.random.default_rng(3)
    still, drifting = (np.kron(random.integers(0, 256, (24, 36, 3)), np.ones((4, 4, 1))) for _ in range(2))
    for number in range(count):
        image = still[:height, :width].copy()
        x = number % 40
        image[16:48, x : x + 48] = drifting[number % 9 : number % 9 + 32, :48]
        yield image.astype(np.uint8)


def pixels(decoder: VideoDecoder, path: Path, indices: Sequence[int]) -> dict[int, npt.NDArray[np.uint8]]:
    with decoder.open(path) as stream:
        return {frame.index: np.asarray(frame.image) for frame in stream.read(indices)}


def choices(count: int, keys: Sequence[int]) -> list[Sequence[int]]:
    random = np.random.default_rng(count)
    drawn = [sorted(random.choice(count, size, replace=False).tolist()) for size in (1, 2, 5, 15, 40) for _ in range(3)]
    alone: list[Sequence[int]] = [[index] for index in range(0, count, 7)]
    return [*drawn, *alone, evenly_spaced(count, 15), [0, count - 1], [count - 1], *([list(keys)] if keys else [])]


@pytest.mark.parametrize("name", FORMATS)
def test_a_few_frames_have_the_pixels_that_they_have_among_all(tmp_path: Path, pyav: VideoDecoder, name: str) -> None:
    path = make_video(tmp_path / name, moving_texture(), **FORMATS[name])
    index = index_frames(path)
    every = pixels(pyav, path, range(index.frame_count))
    assert len(every) == COUNT
    for indices in choices(COUNT, index.keys):
        few = pixels(pyav, path, indices)
        assert list(few) == list(indices)
        for position, image in few.items():
            np.testing.assert_array_equal(image, every[position], err_msg=f"frame {position} of {indices}")


@pytest.mark.slow
@pytest.mark.parametrize("clip", CLIPS)
def test_a_few_frames_of_a_real_clip_have_the_pixels_that_they_have_among_all(clip: str, pyav: VideoDecoder) -> None:
    path = shared("videos", f"{clip}.mp4")
    index = index_frames(path)
    chosen = [evenly_spaced(index.frame_count, 15), evenly_spaced(index.frame_count, 37), list(index.keys)]
    few = {position: image for indices in chosen for position, image in pixels(pyav, path, indices).items()}
    with pyav.open(path) as stream:
        for frame in stream.read(range(index.frame_count)):
            if frame.index in few:
                np.testing.assert_array_equal(frame.image, few[frame.index], err_msg=str(frame.index))


def decoded(path: Path, positions: Sequence[int], monkeypatch: pytest.MonkeyPatch) -> int:
    """Count the frames that are decoded for those at the positions, which all come."""
    numbers: list[VideoFrame | None] = []
    whole = Passage._decoded

    def counted(self: Passage, wanted: set[int] | None) -> Iterator[VideoFrame | None]:
        for frame in whole(self, wanted):
            numbers.append(frame)
            yield frame

    monkeypatch.setattr(Passage, "_decoded", counted)
    with Passage(path, index_frames(path)) as passage:
        assert [position for position, _ in passage.frames(positions)] == list(positions)
    monkeypatch.undo()
    return len(numbers)


def test_pictures_that_no_other_one_needs_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"x264-params": "bframes=3:b-pyramid=none:b-adapt=0:scenecut=0"}
    path = make_video(tmp_path / "a.mp4", moving_texture(), options=options, gop=COUNT)
    assert decoded(path, [80], monkeypatch) < 30
    monkeypatch.setattr(module, "_PASSING_OVER_IS_EXACT", frozenset())
    assert decoded(path, [80], monkeypatch) > 75


def test_nothing_is_decoded_behind_the_last_wanted_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_video(tmp_path / "a.mp4", moving_texture(), codec="mpeg4", gop=30)
    assert decoded(path, [0], monkeypatch) <= 2
    assert decoded(path, [0, 31, 60], monkeypatch) <= 7


def test_where_a_wanted_frame_does_not_come_everything_is_decoded(tmp_path: Path, pyav: VideoDecoder) -> None:
    whole = make_video(tmp_path / "whole.mp4", grey_frames(100), gop=50)
    path = remux(whole, tmp_path / "damaged.mkv", replace={30: b"\xff" * 40})
    with pyav.open(path) as stream:
        every = {frame.index for frame in stream.read(range(100))}
        assert 0 < len(every) < 100
        for indices in ([*range(25, 35), 45], range(0, 100, 3)):
            frames = list(stream.read(indices))
            assert [frame.index for frame in frames] == [index for index in indices if index in every]
            assert all(
                index_of(frame.image) == frame.index % 50 for frame in frames if frame.index not in range(24, 50)
            )


def test_a_file_that_cannot_seek_is_read_from_its_beginning(
    tmp_path: Path, pyav: VideoDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_video(tmp_path / "a.mp4", grey_frames(200), gop=20)
    opened: list[int] = []
    whole = Passage._rewind

    def counted(self: Passage) -> None:
        opened.append(1)
        whole(self)

    class Unseekable:
        def __init__(self, container: Any) -> None:
            self._container = container

        def __getattr__(self, name: str) -> Any:
            return getattr(self._container, name)

        def seek(self, *_: object, **__: object) -> None:
            raise av.FFmpegError(1, "no")

    def rewound(self: Passage) -> None:
        counted(self)
        self._container = Unseekable(self._container)  # type: ignore[assignment]

    monkeypatch.setattr(Passage, "_rewind", rewound)
    indices = [5, 45, 100, 150, 199]
    with pyav.open(path) as stream:
        assert [index_of(frame.image) for frame in stream.read(indices)] == [index % 50 for index in indices]
    assert len(opened) <= 3


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 3), (64, 16)])
def test_threads_fit_the_cores_that_are_there(monkeypatch: pytest.MonkeyPatch, cores: int, threads: int) -> None:
    monkeypatch.setattr(module, "usable_cores", lambda: cores)
    assert module._decoding_threads.__wrapped__() == threads
