from __future__ import annotations

import numpy as np
import pytest

from genconvit.train.window import WHOLE, Window, as_square, drawn_window

from .faces_on_disk import LANDMARKS, drawn_face


def test_the_whole_window_is_the_crop() -> None:
    image, landmarks = as_square(drawn_face(1), LANDMARKS, 64, WHOLE)
    np.testing.assert_array_equal(image, drawn_face(1))
    assert landmarks == LANDMARKS


def test_landmarks_are_resized_with_the_crop_that_is_filled_up_to_a_square() -> None:
    image = np.zeros((40, 20, 3), np.uint8)
    image[:, :10] = 200
    square, landmarks = as_square(image, [(10.0, 20.0), (0.0, 0.0)], 80)
    assert square.shape == (80, 80, 3)
    assert landmarks == ((40.0, 40.0), (20.0, 0.0))
    assert square[40, 0, 0] == 200
    assert square[40, 79, 0] == 0


def test_a_window_is_a_part_of_the_crop_and_landmarks_follow_it() -> None:
    crop = drawn_face(2)
    part, landmarks = as_square(crop, [(20.0, 30.0), (0.0, 0.0)], 32, Window(0.25, 0.125, 0.5))
    np.testing.assert_array_equal(part, crop[8:40, 16:48])
    assert landmarks == ((4.0, 22.0), (-16.0, -8.0))


def test_three_quarters_at_96_are_as_sharp_as_the_whole_at_128() -> None:
    crop = np.repeat(np.random.default_rng(0).integers(0, 256, (256, 256, 1), np.uint8), 3, axis=2)

    def sharpness(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> float:
        return float(np.abs(np.diff(image.astype(np.float64), axis=1)).mean())

    whole, _ = as_square(crop, (), 128)
    part, _ = as_square(crop, (), 96, Window(0.1, 0.15, 0.75))
    reduced, _ = as_square(crop, (), 96)
    assert part.shape == (96, 96, 3)
    assert sharpness(part) == pytest.approx(sharpness(whole), rel=0.05)
    assert sharpness(reduced) < 0.85 * sharpness(whole)


def test_windows_are_drawn_inside_the_crop_with_every_side_that_is_allowed() -> None:
    windows = [drawn_window(np.random.default_rng(seed), (0.5, 0.8)) for seed in range(300)]
    sides = [window.side for window in windows]
    assert 0.5 <= min(sides) < 0.51
    assert 0.79 < max(sides) <= 0.8
    for near, side in ((window[axis], window.side) for window in windows for axis in (0, 1)):
        assert 0 <= near <= 1 - side
    assert len({window.left for window in windows}) == 300
    assert drawn_window(np.random.default_rng(7), (1.0, 1.0)) == WHOLE
