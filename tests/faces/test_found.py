from __future__ import annotations

import numpy as np

from genconvit.faces.found import faces_from_arrays


def test_degenerate_boxes_are_left_out_and_the_rest_goes_left_to_right() -> None:
    boxes = np.array(
        [
            [50, 0, 60, 10],
            [0, 0, np.nan, 5],
            [5, 5, 5, 9],
            [9, 5, 8, 9],
            [1, 0, np.inf, 4],
            [2, 1, 12, 11],
            [0, 0, 1, 1],
        ],
        dtype=np.float32,
    )
    confidences = np.array([1.5, 0.9, 0.9, 0.9, 0.9, -0.25, np.nan], dtype=np.float32)
    faces = faces_from_arrays(boxes, confidences, None)
    assert [face.box for face in faces] == [(2.0, 1.0, 12.0, 11.0), (50.0, 0.0, 60.0, 10.0)]
    assert [face.confidence for face in faces] == [0.0, 1.0]
    assert all(face.landmarks is None for face in faces)


def test_boxes_and_landmarks_are_scaled_then_shifted() -> None:
    points = np.stack([np.full((5, 2), 4), np.full((5, 2), np.nan)]).astype(np.float32)
    boxes = np.array([[1, 2, 3, 4], [5, 6, 7, 8]], dtype=np.float32)
    first, second = faces_from_arrays(boxes, np.ones(2, dtype=np.float32), points, scale=(2.0, 3.0), shift=(-10.0, 1.0))
    assert first.box == (-8.0, 7.0, -4.0, 13.0)
    assert first.landmarks is not None
    assert first.landmarks.dtype == np.float32
    np.testing.assert_array_equal(first.landmarks, np.tile([-2.0, 13.0], (5, 1)))
    assert second.landmarks is None


def test_no_boxes_are_no_faces() -> None:
    assert faces_from_arrays(np.empty((0, 4), np.float32), np.empty(0, np.float32), None) == []
