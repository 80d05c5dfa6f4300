"""Faces become clips of one person: in order, without a gap, each face counted once, and few crops waiting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pytest
import torch

from genconvit.core.types import DetectedFace, FaceCrop
from genconvit.pipeline import clips
from genconvit.pipeline.clips import Clip, ClipMaker, batch_of, clip_maker
from genconvit.pipeline.outcome import Cropped, Outcome, SourceScores

Made = tuple[tuple[int, ...], tuple[int, ...]]
"""A clip: the brightness of its images, and the rows of faces that its scores belong to."""

LEFT, RIGHT = 0.0, 500.0


def face(frame: int, x: float, brightness: int) -> Cropped:
    """Give a face of 100 x 100 pixels in a frame of a clock of one second."""
    box = (x, 0.0, x + 100, 100.0)
    crop = FaceCrop(frame, float(frame), DetectedFace(box, 1.0), box, np.full((4, 4, 3), brightness, np.uint8))
    scores = SourceScores("any", 100)
    return Cropped((crop,), scores, Outcome("any", scores), frame)


def shown(made: Iterable[Clip]) -> list[Made]:
    return [(tuple(int(np.asarray(image)[0, 0, 0]) for image in clip.images), clip.rows) for clip in made]


def clips_of(maker: ClipMaker, faces: Sequence[Cropped]) -> list[Made]:
    made = [shown(maker.add(each, row)) for row, each in enumerate(faces)]
    return [*(clip for part in made for clip in part), *shown(maker.finish())]


def one_person(count: int) -> list[Cropped]:
    return [face(frame, LEFT, frame) for frame in range(count)]


def test_single_faces_are_clips_of_their_own() -> None:
    assert clips_of(clip_maker(1), one_person(3)) == [((0,), (0,)), ((1,), (1,)), ((2,), (2,))]


@pytest.mark.parametrize(
    ("count", "made"),
    [
        (8, [((0, 1, 2, 3), (0, 1, 2, 3)), ((4, 5, 6, 7), (4, 5, 6, 7))]),
        (6, [((0, 1, 2, 3), (0, 1, 2, 3)), ((2, 3, 4, 5), (4, 5))]),
        (4, [((0, 1, 2, 3), (0, 1, 2, 3))]),
        (3, [((0, 1, 2, 2), (0, 1, 2))]),
        (1, [((0, 0, 0, 0), (0,))]),
        (0, []),
    ],
)
def test_a_track_becomes_clips_that_count_each_face_once(count: int, made: list[Made]) -> None:
    assert clips_of(clip_maker(4), one_person(count)) == made


def test_two_people_never_share_a_clip() -> None:
    faces = [each for frame in range(5) for each in (face(frame, LEFT, frame), face(frame, RIGHT, 100 + frame))]
    made = clips_of(clip_maker(4), faces)
    assert made == [
        ((0, 1, 2, 3), (0, 2, 4, 6)),
        ((100, 101, 102, 103), (1, 3, 5, 7)),
        ((1, 2, 3, 4), (8,)),
        ((101, 102, 103, 104), (9,)),
    ]


def test_who_left_is_not_waited_for() -> None:
    maker = clip_maker(4)
    early = [face(frame, LEFT, frame) for frame in range(2)]
    late = [face(frame, RIGHT, frame) for frame in range(2, 9)]
    made = [shown(maker.add(each, row)) for row, each in enumerate([*early, *late])]
    assert [clip for part in made for clip in part] == [((2, 3, 4, 5), (2, 3, 4, 5)), ((0, 1, 1, 1), (0, 1))]
    assert shown(maker.finish()) == [((5, 6, 7, 8), (6, 7, 8))]


def test_a_crowd_waits_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "MOST_WAITING", 40)
    maker = clip_maker(4)
    crowd = [face(frame, 300.0 * place, frame) for frame in range(3) for place in range(25)]
    made = [clip for row, each in enumerate(crowd) for clip in maker.add(each, row)]
    made += maker.finish()
    assert sorted(row for clip in made for row in clip.rows) == list(range(75))
    assert all(len({crowd[row].crop.square for row in clip.rows}) == 1 for clip in made)
    assert sum(len(clip.rows) == 1 for clip in made) >= 15, "of 25 people only ten are waited for"


def test_what_was_filled_up_is_said() -> None:
    whole, short = clip_maker(4), clip_maker(4)
    clips_of(whole, one_person(6))
    clips_of(short, [*one_person(3), face(3, RIGHT, 0), *(face(frame, LEFT, frame) for frame in range(4, 9))])
    assert whole.notes() == []
    assert short.notes() == [
        "1 of 3 clips of 4 faces were filled up by their last face, since the person was seen in fewer frames"
    ]


def test_a_batch_has_a_dimension_for_time_where_there_is_one() -> None:
    images = tuple(np.full((4, 4, 3), number, np.uint8) for number in range(2))
    assert batch_of([Clip(images[:1], (0,)), Clip(images[1:], (1,))]).shape == (2, 4, 4, 3)
    assert batch_of([Clip(images, (0, 1))] * 3).shape == (3, 2, 4, 4, 3)
    on_device = batch_of([Clip(tuple(map(torch.from_numpy, images)), (0, 1))])
    assert isinstance(on_device, torch.Tensor)
    assert on_device[0, :, 0, 0, 0].tolist() == [0, 1]
