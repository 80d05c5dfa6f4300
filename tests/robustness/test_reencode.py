from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from genconvit.core.errors import ConfigError, SourceError
from genconvit.core.types import Frame, ImageArray
from genconvit.robustness import reencode
from genconvit.robustness.degrade import blur
from genconvit.robustness.reencode import (
    AROUND,
    MOST_RUN_FRAMES,
    Gathered,
    Run,
    check_encoder,
    encoded_anew,
    frames_of_a_run,
    gather,
    plan_runs,
)
from genconvit.video.reading import Event, SourceOpened
from support import grey_frames, index_of

BYTES = 48 * 64 * 3


def events(indices: range | list[int], width: int = 64) -> Iterator[Event]:
    yield SourceOpened("made", 100, 100)
    images = grey_frames(100, width)
    for index in indices:
        yield Frame(index, None, images[index])


def gathered(chosen: list[int], images: list[ImageArray], start: int = 0) -> Gathered:
    return Gathered(list(enumerate(images, start)), frozenset(chosen))


def test_a_chosen_frame_is_encoded_amid_its_neighbours() -> None:
    assert plan_runs([50]) == [Run(50 - AROUND, 51 + AROUND, (50,))]
    assert plan_runs([0, 99]) == [Run(0, 1 + AROUND, (0,)), Run(99 - AROUND, 100 + AROUND, (99,))]
    assert plan_runs([]) == []


def test_every_chosen_frame_is_in_one_run_and_no_run_is_too_long() -> None:
    chosen = list(range(200))
    for most in (1, 2, 7, MOST_RUN_FRAMES):
        runs = plan_runs(chosen, most)
        assert [index for run in runs for index in run.chosen] == chosen
        assert all(run.stop - run.start <= most for run in runs)
        assert all(run.start <= index < run.stop for run in runs for index in run.chosen)


def test_large_frames_make_short_runs() -> None:
    assert frames_of_a_run(48 * 64 * 3) == MOST_RUN_FRAMES
    assert frames_of_a_run(4320 * 7680 * 3) == 2
    assert frames_of_a_run(10**10) == 1


def test_the_frames_of_each_run_are_gathered_and_reading_ends_with_the_last() -> None:
    reading = events(range(100))
    runs = [Run(2, 6, (4,)), Run(5, 9, (7,)), Run(40, 43, (41,))]
    found = [[index for index, _ in each.frames] for each in gather(reading, runs, BYTES)]
    assert found == [[2, 3, 4, 5], [5, 6, 7, 8], [40, 41, 42]]
    following = next(reading)
    assert isinstance(following, Frame)
    assert following.index < 45


def test_frames_that_do_not_decode_are_missing_from_a_run() -> None:
    runs = [Run(2, 6, (4,)), Run(90, 99, (95,))]
    found = [[index for index, _ in each.frames] for each in gather(events([0, 3, 4, 8, 94]), runs, BYTES)]
    assert found == [[3, 4], [94]]


def test_a_decoder_that_starts_over_does_not_repeat_a_run() -> None:
    def twice() -> Iterator[Event]:
        yield from events(range(7))
        yield from events(range(20))

    runs = [Run(2, 4, (3,)), Run(6, 9, (7,))]
    assert [[index for index, _ in each.frames] for each in gather(twice(), runs, BYTES)] == [[2, 3], [6, 7, 8]]


def test_large_frames_between_the_chosen_ones_are_not_held() -> None:
    def hostile() -> Iterator[Event]:
        for index in range(5):
            size = (48, 64) if index == 2 else (480, 640)
            yield Frame(index, None, np.zeros((*size, 3), np.uint8))

    (only,) = gather(hostile(), [Run(0, 5, (2,))], BYTES)
    assert [index for index, _ in only.frames] == [2]


def test_gathered_frames_are_copies() -> None:
    shared = grey_frames(1)[0]

    def reused() -> Iterator[Event]:
        for index in range(3):
            shared[:] = index
            yield Frame(index, None, shared)

    (only,) = gather(reused(), [Run(0, 3, (1,))], BYTES)
    assert [int(image[0, 0, 0]) for _, image in only.frames] == [0, 1, 2]


@pytest.mark.parametrize(("width", "height"), [(64, 48), (63, 47), (17, 33)])
def test_the_same_frames_come_back_in_their_size(tmp_path: Path, width: int, height: int) -> None:
    frames = gathered([12, 20], grey_frames(15, width, height), start=10)
    for crf in (18, 28):
        found = list(encoded_anew("a.mp4", frames, crf, tmp_path / "run.mp4"))
        assert [(index, image.shape) for index, image in found] == [(12, (height, width, 3)), (20, (height, width, 3))]
        assert [index_of(image) for _, image in found] == [2, 10]
    assert not list(tmp_path.iterdir())


def test_a_higher_crf_is_worse(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    images = [blur(np.roll(noise, 3 * number, axis=1), 1.5) for number in range(3)]
    errors = []
    for crf in (1, 23, 40, 51):
        ((_, image),) = encoded_anew("a.mp4", gathered([1], images), crf, tmp_path / "run.mp4")
        errors.append(float(np.abs(image.astype(int) - images[1]).mean()))
    assert errors == sorted(errors)
    assert errors[-1] > 2 * errors[0]


def test_where_the_size_changes_another_video_begins(tmp_path: Path) -> None:
    frames = gathered([1, 4], [*grey_frames(3, 64, 48), *grey_frames(6, 32, 32)[3:]])
    found = list(encoded_anew("a.mp4", frames, 23, tmp_path / "run.mp4"))
    assert [(index, image.shape, index_of(image)) for index, image in found] == [
        (1, (48, 64, 3), 1),
        (4, (32, 32, 3), 4),
    ]


def test_a_frame_that_cannot_be_encoded_is_an_error_of_its_source(tmp_path: Path) -> None:
    frames = gathered([0], [np.zeros((2, 40_000, 3), np.uint8)])
    with pytest.raises(SourceError, match=r"a\.mp4: its frames of 40000 x 2 cannot be encoded as H\.264"):
        list(encoded_anew("a.mp4", frames, 23, tmp_path / "run.mp4"))
    assert not list(tmp_path.iterdir())


def test_without_the_encoder_it_says_so_before_work_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    check_encoder()
    monkeypatch.setattr(reencode, "ENCODER", "libx264_of_elsewhere")
    with pytest.raises(ConfigError, match=r"h264 needs FFmpeg's encoder libx264_of_elsewhere.*or name other"):
        check_encoder()


def test_what_is_encoded_is_the_same_each_time(tmp_path: Path) -> None:
    """x264's code for AVX-512 gives another video now and then, for frames of such sizes."""
    texture = np.random.default_rng(3).integers(0, 256, (18, 34, 3)).astype(np.uint8).repeat(16, 0).repeat(16, 1)
    images = [np.ascontiguousarray(texture[index : index + 270, index : index + 482]) for index in range(17)]
    found = [
        [image.tobytes() for _, image in encoded_anew("made", gathered([8], images), 28, tmp_path / "made.mp4")]
        for _ in range(12)
    ]
    assert all(each == found[0] for each in found)
