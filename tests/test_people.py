"""Two people in one clip, all the way: found, linked, scored apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from skimage import data

from genconvit import Detector, VideoResult
from support import make_video, shared

Image = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def of_the_highest() -> Iterator[Detector]:
    """Random weights on six frames; the person with the highest score stands for the video."""
    options: dict[str, Any] = {"weights": "random", "device": "cpu", "face_detector": "mtcnn"}
    with Detector("original", mode="ed", frames=6, person="max", **options) as detector:
        yield detector


def side_by_side(left: Iterator[Image], right: Iterator[Image]) -> Iterator[Image]:
    return (np.concatenate(pair, axis=1) for pair in zip(left, right, strict=False))


def portraits(count: int, *, mirrored: bool = False, enters: int = 0) -> Iterator[Image]:
    """A portrait that drifts through frames of 384 x 384 pixels, which are grey until it enters."""
    portrait: Callable[[], Image] = data.astronaut
    image = portrait()[:384]
    for number in range(count):
        left = 100 * number // count
        frame = image[:, left : left + 384] if number >= enters else np.full_like(image[:, :384], 128)
        yield frame[:, ::-1] if mirrored else frame


def clip_frames(name: str) -> Iterator[Image]:
    """Every eighth frame."""
    with av.open(str(shared("videos", name))) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % 8 == 0:
                image: Image = frame.to_ndarray(format="rgb24")  # type: ignore[assignment]
                yield image


def halves(result: VideoResult, middle: int) -> list[str]:
    """The half in which each face lies."""
    assert not any(face.box[0] < middle < face.box[2] for face in result.faces)
    return ["left" if face.box[2] <= middle else "right" for face in result.faces]


def assert_two_people(result: VideoResult, middle: int, faces: int) -> None:
    """Each half is a track of so many faces at least, and the video's score is the higher one's."""
    by_track = {(face.track, half) for face, half in zip(result.faces, halves(result, middle), strict=True)}
    assert sorted(track for track, _ in by_track) == [0, 1]
    assert {half for _, half in by_track} == {"left", "right"}
    for track in result.tracks:
        mean = np.mean([face.fake_probability for face in result.faces if face.track == track.track])
        assert track.fake_probability == pytest.approx(mean, abs=1e-6)
        assert track.faces >= faces
    assert result.fake_probability == max(track.fake_probability for track in result.tracks)
    assert result.label is None


def test_two_portraits_side_by_side_are_two_people(of_the_highest: Detector, tmp_path: Path) -> None:
    clip = make_video(tmp_path / "two.mp4", side_by_side(portraits(12), portraits(12, mirrored=True)), rate=4)
    result = of_the_highest.predict(clip)
    assert_two_people(result, 384, faces=6)
    assert "12 faces of 2 tracks in 6 frames" in str(result)


def test_one_who_enters_later_changes_nobodys_number(of_the_highest: Detector, tmp_path: Path) -> None:
    frames = side_by_side(portraits(12, mirrored=True, enters=6), portraits(12))
    result = of_the_highest.predict(make_video(tmp_path / "enters.mp4", frames, rate=4))
    assert_two_people(result, 384, faces=3)
    first, second = result.tracks
    assert (first.faces, second.faces) == (6, 3)
    assert halves(result, 384)[0] == "right"
    assert second.first_pts_seconds == pytest.approx(second.first_frame_index / 4)
    assert second.first_frame_index >= 6


def test_two_real_clips_side_by_side_are_two_people(of_the_highest: Detector, tmp_path: Path) -> None:
    frames = side_by_side(clip_frames("0017_fake.mp4"), clip_frames("0048_fake.mp4"))
    middle = next(clip_frames("0017_fake.mp4")).shape[1]
    result = of_the_highest.predict(make_video(tmp_path / "two.mp4", frames, rate=3))
    assert_two_people(result, middle, faces=5)
