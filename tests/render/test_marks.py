"""Marks stand where faces were found, and in between only where nothing speaks against it."""

from __future__ import annotations

from genconvit.render.marks import FaceMark, Marks
from render.made import BOX, face, made_result

MOVED = (30.0, 8.0, 50.0, 28.0)


def test_a_searched_frame_has_its_faces_as_they_were_found() -> None:
    marks = Marks(made_result([face(0), face(0, track=1, box=MOVED), face(10)], [0, 10]))
    assert marks.at(0) == (FaceMark(BOX, 0, 0.75, interpolated=False), FaceMark(MOVED, 1, 0.75, interpolated=False))


def test_between_two_searched_frames_box_and_probability_move_evenly() -> None:
    marks = Marks(made_result([face(0, probability=0.2), face(10, box=MOVED, probability=0.8)], [0, 10]))
    (mark,) = marks.at(5)
    assert mark.box == (20.0, 8.0, 40.0, 28.0)
    assert abs((mark.fake_probability or 0) - 0.5) < 1e-9
    assert mark.interpolated


def test_nothing_is_drawn_where_a_search_in_between_found_nothing() -> None:
    marks = Marks(made_result([face(0), face(20)], [0, 10, 20]))
    assert marks.at(5) == marks.at(10) == marks.at(15) == ()
    assert len(marks.at(20)) == 1


def test_nothing_is_drawn_before_the_first_and_behind_the_last_searched_frame() -> None:
    marks = Marks(made_result([face(5), face(10)], [5, 10]))
    assert marks.at(0) == marks.at(11) == ()


def test_people_are_not_mistaken_for_one_another() -> None:
    marks = Marks(made_result([face(0), face(10, track=1, box=MOVED)], [0, 10]))
    assert marks.at(5) == ()


def test_a_result_without_tracks_has_marks_in_searched_frames_alone() -> None:
    marks = Marks(made_result([face(0), face(0, box=MOVED), face(10)], [0, 10], tracks=()))
    assert len(marks.at(0)) == 2
    assert marks.at(5) == ()


def test_untrained_weights_give_no_number() -> None:
    marks = Marks(made_result([face(0), face(10)], [0, 10], trained=False, label=None))
    assert [mark.fake_probability for index in (0, 5) for mark in marks.at(index)] == [None, None]
