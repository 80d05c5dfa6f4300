from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from genconvit.core.errors import ConfigError
from genconvit.core.types import Frame
from genconvit.video.base import FrameStream, VideoDecoder
from genconvit.video.sampling import FrameChoice, at_rate, choose_frames, evenly_spaced, parse_frames
from support import grey_frames, make_video


class Described(FrameStream):
    """A stream of which only the description matters."""

    decoder = "described"

    def __init__(self, count: int, keys: Sequence[int] | None = None, times: Sequence[float] | None = None) -> None:
        self._count, self._keys, self._times = count, keys, times

    @property
    def frame_count(self) -> int:
        return self._count

    @property
    def keyframes(self) -> Sequence[int] | None:
        return self._keys

    def seconds(self, index: int) -> float | None:
        return self._times[index] if self._times else None

    def read(self, indices: Sequence[int]) -> Iterator[Frame]:
        raise AssertionError(f"choosing decodes nothing, not even {indices}")


@pytest.mark.parametrize("frames", [2, 3, 15, 64])
def test_equals_the_references_truncated_linspace(frames: int) -> None:
    for count in range(frames, 2000, 3):
        assert evenly_spaced(count, frames) == np.linspace(0, count - 1, frames, dtype=int).tolist()


def test_follows_the_rounding_of_linspace_where_exact_division_would_not() -> None:
    assert evenly_spaced(123, 15)[7] == 60
    assert 7 * 122 // 14 == 61


@pytest.mark.parametrize("count", [1, 2, 14, 15, 16, 29, 300, 9001])
@pytest.mark.parametrize("frames", [1, 2, 15, 16])
def test_indices_increase_strictly_within_the_video(count: int, frames: int) -> None:
    indices = evenly_spaced(count, frames)
    assert indices[0] == 0
    assert all(earlier < later for earlier, later in pairwise(indices))
    assert indices[-1] == (0 if frames == 1 else count - 1)
    assert len(indices) == min(count, frames)


@pytest.mark.parametrize("frames", [0, -1, -15])
def test_refuses_a_number_of_frames_that_means_nothing(frames: int) -> None:
    with pytest.raises(ConfigError, match=rf"frames is {frames}; allowed are a number of 1 and above"):
        evenly_spaced(100, frames)


@pytest.mark.parametrize(
    ("frames", "choice"),
    [
        (15, FrameChoice("spaced", 15)),
        ("15", FrameChoice("spaced", 15)),
        (-1, FrameChoice("all")),
        ("-1", FrameChoice("all")),
        ("all", FrameChoice("all")),
        ("keyframes", FrameChoice("keyframes")),
        ("fps=2", FrameChoice("fps", 2)),
        ("fps=0.25", FrameChoice("fps", 0.25)),
    ],
)
def test_one_option_names_every_choice(frames: int | str, choice: FrameChoice) -> None:
    assert parse_frames(frames) == choice


@pytest.mark.parametrize(
    "frames",
    [
        0,
        -2,
        "",
        "0",
        "some",
        "fps",
        "fps=",
        "fps=0",
        "fps=-1",
        "fps=nan",
        "fps=inf",
        "fps=1e9",
        "fps=2 4",
        "\uff11\uff15",
        "9" * 400,
    ],
)
def test_a_choice_that_means_nothing_is_refused(frames: int | str) -> None:
    with pytest.raises(ConfigError, match=r"allowed are a number .* 'all' .* 'keyframes', and 'fps=X' with X above 0"):
        parse_frames(frames)


def test_all_and_evenly_spaced_need_to_know_the_count_alone() -> None:
    stream = Described(100)
    assert list(choose_frames(stream, FrameChoice("all")).indices) == list(range(100))
    chosen = choose_frames(stream, FrameChoice("spaced", 4))
    assert (chosen.indices, chosen.note) == ([0, 33, 66, 99], None)


def test_key_frames_are_the_streams() -> None:
    assert choose_frames(Described(100, keys=[0, 12, 60]), FrameChoice("keyframes")).indices == [0, 12, 60]


@pytest.mark.parametrize(
    ("kind", "why"), [("keyframes", "its key frames are not known"), ("fps", "the times of its frames are not known")]
)
def test_what_a_stream_does_not_know_is_replaced_and_said(kind: str, why: str) -> None:
    chosen = choose_frames(Described(100), FrameChoice(kind, 2))  # type: ignore[arg-type]
    assert chosen.indices == evenly_spaced(100, 15)
    assert chosen.note == f"{why}, so 15 evenly spaced frames were taken"


def test_a_rate_takes_the_first_frame_of_each_interval() -> None:
    times = [number / 25 for number in range(100)]
    assert at_rate(times, 5) == list(range(0, 100, 5))
    assert at_rate(times, 2) == [0, 13, 25, 38, 50, 63, 75, 88]
    assert at_rate(times, 25) == at_rate(times, 1000) == list(range(100))
    assert at_rate(times, 0.01) == [0]


def test_a_rate_counts_from_the_first_frame_and_leaves_gaps_empty() -> None:
    assert at_rate([7.0, 7.4, 7.9, 8.0, 1e12, 1e12 + 0.4, 1e12 + 2], 1) == [0, 3, 4, 6]


@pytest.mark.parametrize("fps", [2, 10, 29.97])
def test_a_rate_is_kept_on_a_variable_rate_video(tmp_path: Path, decoder: VideoDecoder, fps: float) -> None:
    path = make_video(tmp_path / "a.mp4", grey_frames(50), rate=100, ticks=lambda number: number * 3 + number % 3)
    with decoder.open(path) as stream:
        chosen = choose_frames(stream, FrameChoice("fps", fps)).indices
        times = [frame.pts_seconds for frame in stream.read(chosen)]
    slots = [int((time or 0) * fps + 1e-6) for time in times]
    assert len(set(slots)) == len(slots) > 2


def test_key_frames_of_a_video(tmp_path: Path, decoder: VideoDecoder) -> None:
    with decoder.open(make_video(tmp_path / "a.mp4", grey_frames(50), gop=12)) as stream:
        chosen = choose_frames(stream, FrameChoice("keyframes"))
        assert list(chosen.indices) == [0, 12, 24, 36, 48]
        assert [frame.index for frame in stream.read(chosen.indices)] == [0, 12, 24, 36, 48]


def test_given_frames_are_those_that_the_stream_has() -> None:
    choice = FrameChoice("given", indices=(0, 3, 7, 8))
    assert list(choose_frames(Described(8), choice).indices) == [0, 3, 7]
