"""Frames are read again by index, from the file that was scored and no other."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from genconvit import ConfigError, SourceError, SourceFrames
from genconvit.core.errors import SourceChangedError
from genconvit.settings import DetectorConfig
from render.made import face, made_result
from scored import result
from support import grey_frames, index_of, make_video


@pytest.mark.parametrize("isolate", [None, False])
def test_frames_are_read_by_their_indices(tmp_path: Path, isolate: bool | None) -> None:
    video = make_video(tmp_path / "a.mp4", grey_frames(40))
    found = made_result([face(0)], [0], source=video)
    with SourceFrames(DetectorConfig(isolate=isolate)) as frames:
        read = [(frame.index, index_of(frame.image), frame.pts_seconds) for frame in frames.read(found, [3, 17, 39])]
        assert [(index, shown) for index, shown, _ in read] == [(3, 3), (17, 17), (39, 39)]
        assert np.allclose([seconds or 0 for _, _, seconds in read], [0.12, 0.68, 1.56])
        assert [frame.index for frame in frames.read(found)] == list(range(40))


def test_a_file_that_has_changed_is_refused(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4", grey_frames(4))
    found = made_result([face(0)], [0], source=video)
    make_video(video, grey_frames(5))
    with SourceFrames() as frames, pytest.raises(SourceChangedError, match="it has changed since it was scored"):
        next(frames.read(found, [0]))


def test_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4", grey_frames(4))
    found = made_result([face(0)], [0], source=video)
    video.unlink()
    with SourceFrames() as frames, pytest.raises(SourceError, match="no such file"):
        next(frames.read(found, [0]))


def test_a_source_without_a_hash_is_refused() -> None:
    with SourceFrames() as frames, pytest.raises(SourceError, match="the result has no SHA-256 of it"):
        next(frames.read(result("array uint8 [2, 4, 6, 3]", 0.75), [0]))


def test_a_copy_under_the_same_name_is_the_same_file(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4", grey_frames(4))
    found = made_result([face(0)], [0], source=video)
    shutil.copy(video, tmp_path / "b.mp4")
    (tmp_path / "b.mp4").replace(video)
    with SourceFrames() as frames:
        assert [frame.index for frame in frames.read(found, [2])] == [2]


def test_more_frames_than_an_order_holds_are_refused(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4", grey_frames(4))
    found = made_result([face(0)], [0], source=video, frame_count=10_000)
    with SourceFrames() as frames, pytest.raises(ConfigError, match="9000 frames are asked for by index; at most 8000"):
        next(frames.read(found, range(9000)))


@pytest.mark.parametrize("indices", [[], [-1], [3, 3], [3, 2], [40]])
def test_indices_that_no_frame_has_are_refused(tmp_path: Path, indices: list[int]) -> None:
    found = made_result([face(0)], [0], source=make_video(tmp_path / "a.mp4", grey_frames(4)))
    with SourceFrames() as frames, pytest.raises(ConfigError, match="strictly increasing ones from 0 to 39"):
        next(frames.read(found, indices))
