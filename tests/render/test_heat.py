"""Heat is read from a picture by anyone: its colours rise evenly, and the face stays visible below them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from genconvit.core.types import ImageArray
from genconvit.render.heat import heat_colours, heat_overlay

GREY: ImageArray = np.full((40, 60, 3), 128, np.uint8)

BLIND = {
    "protanopia": ((0.1124, 0.8876, 0.0), (0.1124, 0.8876, 0.0), (0.0040, -0.0040, 1.0)),
    "deuteranopia": ((0.2920, 0.7080, 0.0), (0.2920, 0.7080, 0.0), (-0.0223, 0.0223, 1.0)),
    "no colours at all": ((0.2126, 0.7152, 0.0722),) * 3,
}
"""Linear RGB as it is seen (Viénot, Brettel and Mollon, 1999); the last is its luminance."""


def seen(colours: ImageArray, matrix: tuple[tuple[float, ...], ...]) -> npt.NDArray[np.float64]:
    """Colours in CIELAB, as someone sees them."""
    share = colours / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4) @ np.array(matrix).T
    linear = np.clip(linear, 0, 1)
    again = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    lab: npt.NDArray[np.float64] = rgb2lab(again[None])[0]
    return lab


def test_equal_steps_of_heat_are_equal_steps_for_the_eye() -> None:
    tenths = rgb2lab(heat_colours()[None, ::15] / 255)[0]
    steps = deltaE_ciede2000(tenths[:-1], tenths[1:])
    assert len(steps) == 17
    assert steps.min() > 5
    assert steps.max() < 1.5 * steps.min()


@pytest.mark.parametrize("kind", BLIND)
def test_the_order_shows_to_colour_blind_readers(kind: str) -> None:
    lab = seen(heat_colours()[::15], BLIND[kind])
    assert (np.diff(lab[:, 0]) > 0).all()
    assert (deltaE_ciede2000(lab[:-1], lab[1:]) > 2).all()


def test_the_hottest_place_is_where_the_map_is_hottest() -> None:
    heat = np.zeros((4, 6), np.float32)
    heat[1, 4] = 1
    lightness = rgb2lab(heat_overlay(GREY, heat) / 255)[..., 0]
    row, column = np.unravel_index(lightness.argmax(), lightness.shape)
    assert (row // 10, column // 10) == (1, 4)


def test_where_it_is_cold_the_face_is_grey_and_nothing_else() -> None:
    face = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    drawn = heat_overlay(face, np.zeros((4, 6)))
    assert (drawn == drawn[..., :1]).all()
    assert np.allclose(drawn[..., 0], face @ np.array([0.299, 0.587, 0.114]), atol=0.51)


def test_what_the_face_shows_stays_visible_and_its_colours_do_not() -> None:
    face = GREY.copy()
    face[:, 30:] = (250, 60, 60)
    face[10:20, 10:20] = 20
    drawn = heat_overlay(face, np.full((2, 2), 0.5))
    assert drawn[15, 15].max() < drawn[15, 5].max()
    grey_of_red = np.full_like(GREY, round(0.299 * 250 + 0.701 * 60))
    assert np.abs(drawn[:, 30:].astype(int) - heat_overlay(grey_of_red, np.full((2, 2), 0.5))[:, 30:]).max() <= 1
    assert face[0, 0].tolist() == [128, 128, 128]


def test_a_map_of_the_crops_own_size_is_drawn_as_it_is() -> None:
    heat = np.random.default_rng(0).random((40, 60), np.float32)
    drawn = heat_overlay(GREY, heat)
    assert drawn.dtype == np.uint8
    assert np.array_equal(drawn[7, 9], heat_overlay(GREY[:1, :1], heat[7:8, 9:10])[0, 0])


@pytest.mark.parametrize("heat", [np.zeros(3), np.zeros((2, 3, 3)), np.zeros((0, 3))])
def test_heat_of_another_shape_is_refused(heat: npt.NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match=r"has the shape \[h, w\]; got \["):
        heat_overlay(GREY, heat)


@pytest.mark.parametrize("value", [-0.1, 1.5, float("nan")])
def test_heat_out_of_its_range_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"in \[0, 1\]; got .*: divide it"):
        heat_overlay(GREY, np.array([[0.5, value]]))
