"""Faces become tracks: who moves, passes, comes and goes keeps a number of their own."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pytest
from pydantic import ValidationError

from genconvit.core.types import Box
from genconvit.pipeline import tracks as module
from genconvit.pipeline.tracks import Sighting, TrackingRule, link_faces, one_off_tracks

Face = tuple[float, float, float]
"""The centre's x and y and the side of a square box, in pixels."""


def box(x: float, y: float = 0, side: float = 100) -> Box:
    return (x - side / 2, y - side / 2, x + side / 2, y + side / 2)


def linked(frames: Sequence[Sequence[Face]], step_seconds: float | None = 1.0) -> list[list[int]]:
    """The tracks of the faces of each frame; frames are one step apart."""
    sightings = [
        Sighting(10 * number, None if step_seconds is None else number * step_seconds, box(*face))
        for number, faces in enumerate(frames)
        for face in faces
    ]
    tracks = iter(link_faces(sightings, [10 * number for number in range(len(frames))]))
    return [[next(tracks) for _ in faces] for faces in frames]


A: Face = (100, 100, 100)
B: Face = (230, 100, 100)
C: Face = (360, 100, 100)
NEXT_TO_A: Face = (190, 100, 100)
"""Three people side by side."""


@pytest.mark.parametrize(
    ("frames", "tracks"),
    [
        ([], []),
        ([[], [A], []], [[], [0], []]),
        ([[A]] * 4, [[0]] * 4),
        ([[A, B], [B, A], [A, B]], [[0, 1], [1, 0], [0, 1]]),
        ([[A], [A, B], [B, A]], [[0], [0, 1], [1, 0]]),
        ([[A, B], [B], [B]], [[0, 1], [1], [1]]),
        ([[A, B], [A], [A], [A, B]], [[0, 1], [0], [0], [0, 1]]),
        ([[A, B], [], [], [B, A]], [[0, 1], [], [], [1, 0]]),
        ([[A, B], [A], [A], [A], [A, B]], [[0, 1], [0], [0], [0], [0, 2]]),
        ([[A], [], [], [], [A]], [[0], [], [], [], [1]]),
        ([[A, B], [B, C]], [[0, 1], [1, 2]]),
        ([[A, NEXT_TO_A], [NEXT_TO_A, B]], [[0, 1], [1, 2]]),
        ([[B], [A], [B], [C]], [[0], [1], [0], [2]]),
    ],
    ids=[
        "no frame",
        "one face",
        "one person",
        "two side by side, in any order of the detector",
        "one enters",
        "one leaves",
        "one is away for two frames",
        "both are away for two frames",
        "one is away for longer",
        "the only one is away for longer",
        "one leaves and another enters beside",
        "nobody moves up by one where heads touch",
        "only one of three is found at a time",
    ],
)
def test_people_keep_their_numbers(frames: list[list[Face]], tracks: list[list[int]]) -> None:
    assert linked(frames) == tracks
    assert linked(frames, None) == tracks


@pytest.mark.parametrize(
    ("after", "same"),
    [
        ((100, 100, 100), True),
        ((160, 100, 100), True),
        ((100, 195, 100), True),
        ((100, 205, 100), False),
        ((170, 170, 100), True),
        ((175, 175, 100), False),
        ((100, 100, 170), True),
        ((100, 100, 60), True),
        ((100, 100, 180), False),
        ((100, 100, 55), False),
        ((200, 100, 150), False),
        ((700, 300, 100), False),
        ((100, 100, 240), False),
    ],
)
def test_a_face_elsewhere_or_of_another_size_begins_a_track(after: Face, same: bool) -> None:
    assert linked([[A], [after]]) == [[0], [0 if same else 1]]
    bigger = [tuple(8 * value for value in face) for face in (A, after)]
    assert linked([[bigger[0]], [bigger[1]]]) == [[0], [0 if same else 1]]  # type: ignore[list-item]


def test_boxes_that_overlap_by_half_are_one_person() -> None:
    random = np.random.default_rng(0)
    overlapping = 0
    while overlapping < 500:
        first, second = (
            (x, y, x + w, y + h) for x, y, w, h in random.uniform((0, 0, 40, 40), (60, 60, 80, 80), (2, 4))
        )
        if iou(first, second) >= 0.5:
            overlapping += 1
            assert link_faces([Sighting(0, None, first), Sighting(1, None, second)], [0, 1]) == [0, 0]


def iou(first: Box, second: Box) -> float:
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    both = max(width, 0) * max(height, 0)
    return both / (sum((right - left) * (bottom - top) for left, top, right, bottom in (first, second)) - both)


def test_a_cut_to_another_shot_begins_tracks() -> None:
    wide: list[Face] = [(300, 200, 60), (500, 210, 60)]
    close: list[Face] = [(320, 300, 260)]
    assert linked([wide, wide, close, close, wide]) == [[0, 1], [0, 1], [2], [2], [0, 1]]


@pytest.mark.parametrize("away_seconds", [0.5, 1.9, 2.5])
def test_in_dense_frames_a_gap_is_counted_in_seconds(away_seconds: float) -> None:
    away = round(25 * away_seconds)
    frames = [[A, B]] * 5 + [[A]] * (away - 1) + [[A, B]] * 5
    wanted = 1 if away_seconds <= 2 else 2
    assert linked(frames, 0.04)[-1] == [0, wanted]


def test_a_gap_counts_frames_that_were_searched_in_vain() -> None:
    faces = [Sighting(index, None, box(0)) for index in (0, 90)]
    assert link_faces(faces, [0, 30, 60, 90]) == [0, 0]
    assert link_faces(faces, [0, 20, 40, 60, 90]) == [0, 1]


def crossing(number: int, second_side: float = 100, second_y: float = 0) -> list[Face]:
    """Two people who walk past each other, 4 pixels a frame; they meet between frames 50 and 51."""
    return [(4 * number, 0, 100), (403 - 4 * number, second_y, second_side)]


@pytest.mark.parametrize("hidden", [0, 4, 8])
def test_two_who_pass_each_other_keep_their_numbers_in_dense_frames(hidden: int) -> None:
    frames = [crossing(number)[: 1 if abs(number - 50) < hidden else 2] for number in range(101)]
    tracks = linked(frames, 0.04)
    assert {number for frame in tracks for number in frame} == {0, 1}
    assert [frame[0] for frame in tracks] == [0] * 101
    assert tracks[-1] == [0, 1]


@pytest.mark.parametrize("other", [{"second_side": 150}, {"second_y": 60}], ids=["nearer", "lower"])
def test_two_who_differ_pass_each_other_in_sparse_frames(other: dict[str, float]) -> None:
    frames = [crossing(number, **other) for number in range(5, 101, 15)]
    assert linked(frames, 0.6) == [[0, 1]] * len(frames)


def test_a_shaking_detector_does_not_part_people() -> None:
    random = np.random.default_rng(1)
    for step_seconds in (0.04, 0.2, 1.0, None):
        frames: list[list[Face]] = []
        for _ in range(60):
            people = [
                (x + random.normal(0, 6), 100 + random.normal(0, 6), 100 * random.uniform(0.9, 1.1)) for x in (0, 120)
            ]
            frames.append(people)
        assert linked(frames, step_seconds) == [[0, 1]] * 60


def test_crowds_that_stand_keep_their_numbers_whoever_is_found() -> None:
    random = np.random.default_rng(2)
    for _ in range(20):
        people = [(130.0 * column, 150.0 * row, 100.0) for column in range(5) for row in range(3)]
        numbers: dict[int, int] = {}
        frames, who = [], []
        for _ in range(15):
            found = [person for person in random.permutation(len(people)).tolist() if random.random() < 0.95]
            who.append(found)
            frames.append(
                [(people[p][0] + random.normal(0, 8), people[p][1] + random.normal(0, 8), 100) for p in found]
            )
        for found, tracks in zip(who, linked(frames), strict=True):
            for person, track in zip(found, tracks, strict=True):
                assert numbers.setdefault(person, track) == track
        assert len(set(numbers.values())) == len(numbers)


def test_numbers_count_up_in_the_order_in_which_tracks_begin() -> None:
    random = np.random.default_rng(3)
    for _ in range(50):
        frames = [[(x, y, 40.0) for x, y in random.uniform(0, 300, (random.integers(6), 2))] for _ in range(12)]
        tracks = linked(frames)
        begins = list(dict.fromkeys(number for frame in tracks for number in frame))
        assert begins == list(range(len(begins)))
        assert all(len(set(frame)) == len(frame) for frame in tracks)


def test_times_may_be_missing_stand_still_or_run_backwards() -> None:
    for times in ([0.0, None, 0.08, None], [0.0, 0.0, 0.0, 0.0], [3.0, 2.0, 1.0, 0.0]):
        faces = [Sighting(number, time, box(10 * number)) for number, time in enumerate(times)]
        assert link_faces(faces, range(4)) == [0] * 4


def test_hundreds_of_faces_in_a_frame_are_linked_in_a_moment() -> None:
    random = np.random.default_rng(4)
    frames = [[(x, y, 20.0) for x, y in random.uniform(0, 4000, (400, 2))] for _ in range(15)]
    begin = time.process_time()
    linked(frames, 0.04)
    assert time.process_time() - begin < 20


def test_only_so_many_tracks_wait() -> None:
    rule = TrackingRule(open_tracks=2)
    faces = [Sighting(0, None, box(1000 * number)) for number in range(4)]
    later = [Sighting(1, None, box(1000 * number)) for number in range(4)]
    assert link_faces([*faces, *later], [0, 1], rule) == [0, 1, 2, 3, 4, 5, 2, 3]


def test_those_that_were_seen_last_wait() -> None:
    places = {0: (0, 1000), 1: (0, 2000), 2: (1000, 0)}
    faces = [Sighting(index, None, box(x)) for index, centres in places.items() for x in centres]
    assert link_faces(faces, range(3)) == [0, 1, 0, 2, 1, 0]
    assert link_faces(faces, range(3), TrackingRule(open_tracks=2)) == [0, 1, 0, 2, 3, 0]


def test_a_face_of_a_frame_that_was_not_searched_is_an_error() -> None:
    with pytest.raises(ValueError, match="frame 7, which is not among the frames that were searched"):
        link_faces([Sighting(7, None, box(0))], [0, 1])


@pytest.mark.parametrize(
    "field", [{"reach": 0}, {"scale": 1}, {"gap_frames": -1}, {"open_tracks": 0}, {"raech": 1}], ids=str
)
def test_a_rule_that_makes_no_sense_is_refused(field: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        TrackingRule(**field)


@pytest.mark.parametrize(
    ("tracks", "frame_count", "one_off"),
    [
        ([], 0, set()),
        ([0], 1, set()),
        ([0], 15, set()),
        ([0, 1], 15, set()),
        ([0, 1, 0], 2, set()),
        ([0, 1, 0], 3, {1}),
        ([0, 1, 1, 2], 15, {0, 2}),
        ([0, 0, 1, 1], 15, set()),
    ],
)
def test_one_off_is_one_face_beside_a_longer_track(tracks: list[int], frame_count: int, one_off: set[int]) -> None:
    assert one_off_tracks(tracks, frame_count) == one_off


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1), (2, 2), (3, 5), (5, 3), (6, 6), (0, 3), (3, 0)])
def test_pairs_are_the_optimal_assignment(shape: tuple[int, int]) -> None:
    from scipy.optimize import linear_sum_assignment

    chance = np.random.default_rng(0)
    for _ in range(200):
        misfit = np.fmin(chance.exponential(0.8, shape), 1)
        pairs = np.transpose(linear_sum_assignment(misfit)).tolist()
        wanted = {(row, column) for row, column in pairs if misfit[row, column] < 1}
        assert {pair for pair in module._pairs(misfit) if misfit[pair] < 1} == wanted
