from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name

from genconvit.core.cut import Cut, SquareRule
from genconvit.core.errors import ConfigError
from genconvit.core.types import Box, DetectedFace, Frame, ImageArray
from genconvit.faces.crop import crop_face, crop_faces
from genconvit.faces.square import square_of

RULE = SquareRule(side=0.8, shift_down=0.05)


def noise(height: int, width: int, seed: int = 0) -> ImageArray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def difference(one: npt.ArrayLike, other: npt.ArrayLike) -> float:
    return float(np.abs(np.asarray(one, dtype=np.float64) - np.asarray(other, dtype=np.float64)).max())


def whole(side: int) -> Box:
    return (0.0, 0.0, float(side), float(side))


@pytest.mark.parametrize(
    ("margin", "square"),
    [
        (0.0, (20.0, 25.0, 100.0, 105.0)),
        (0.5, (0.0, 5.0, 120.0, 125.0)),
        (-0.5, (40.0, 45.0, 80.0, 85.0)),
    ],
)
def test_a_square_follows_the_rule_and_the_margin(margin: float, square: Box) -> None:
    assert square_of((20.0, 10.0, 100.0, 110.0), RULE, margin) == pytest.approx(square)


@pytest.mark.parametrize("margin", [-0.51, float("nan"), float("inf")])
def test_a_margin_out_of_range_is_an_error(margin: float) -> None:
    with pytest.raises(ConfigError, match=f"at least -0.5, got {margin}"):
        square_of((0.0, 0.0, 1.0, 1.0), RULE, margin)


def test_a_size_below_one_is_an_error() -> None:
    with pytest.raises(ConfigError, match="at least 1 pixel, got 0"):
        crop_face(noise(4, 4), whole(4), 0)


@pytest.mark.parametrize("side", [224, 225, 300, 448, 501, 672, 1000])
def test_shrinking_is_opencvs_area_interpolation(side: int) -> None:
    image = noise(side, side)
    crop, cut = crop_face(image, whole(side), 224)
    assert cut == whole(side)
    assert difference(crop, cv2.resize(image, (224, 224), interpolation=cv2.INTER_AREA)) <= 1


@pytest.mark.parametrize("side", [1, 2, 3, 50, 112, 223])
def test_enlarging_is_torchs_bilinear_interpolation(side: int) -> None:
    image = noise(side, side)
    crop, _ = crop_face(image, whole(side), 224)
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float()
    expected = F.interpolate(pixels, (224, 224), mode="bilinear", align_corners=False)[0].permute(1, 2, 0)
    assert difference(crop, expected.round()) <= 1


def test_a_crop_of_its_own_size_is_exact() -> None:
    image = noise(60, 80)
    crop, cut = crop_face(image, (20.0, 10.0, 52.0, 42.0), 32)
    assert cut == (20.0, 10.0, 52.0, 42.0)
    np.testing.assert_array_equal(crop, image[10:42, 20:52])


@pytest.mark.parametrize(
    ("square", "cut"),
    [
        ((-10.0, -5.0, 22.0, 27.0), (0.0, 0.0, 32.0, 32.0)),
        ((70.0, 50.0, 102.0, 82.0), (48.0, 28.0, 80.0, 60.0)),
        ((1000.0, 10.0, 1032.0, 42.0), (48.0, 10.0, 80.0, 42.0)),
        ((20.4, 10.4, 52.4, 42.4), (20.0, 10.0, 52.0, 42.0)),
    ],
)
def test_a_square_over_the_edge_is_shifted_inside(square: Box, cut: Box) -> None:
    image = noise(60, 80)
    crop, seen = crop_face(image, square, 32)
    assert seen == cut
    left, top, right, bottom = (int(value) for value in cut)
    np.testing.assert_array_equal(crop, image[top:bottom, left:right])


@pytest.mark.parametrize("size", [32, 100, 224])
@pytest.mark.parametrize("square", [(10.0, -20.0, 110.0, 80.0), (-30.0, -30.0, 70.0, 70.0), (0.0, 0.0, 70.0, 70.0)])
def test_a_square_longer_than_the_frame_repeats_its_edge(square: Box, size: int) -> None:
    image = noise(60, 80)
    crop, cut = crop_face(image, square, size)
    left, top, right, bottom = (int(value) for value in cut)
    side = right - left
    assert side == bottom - top == square[2] - square[0]
    assert top <= 0
    assert bottom >= 60
    padded = np.pad(image, ((side, side), (side, side), (0, 0)), mode="edge")
    inside = padded[top + side : bottom + side, left + side : right + side]
    expected, _ = crop_face(inside, whole(side), size)
    assert difference(crop, expected) <= 1


@pytest.mark.parametrize(
    "square",
    [
        (-5e5, -5e5, 5e5, 5e5),
        (-1e308, -1e308, 1e308, 1e308),
        (1e12, 1e12, 1e12 + 5e3, 1e12 + 5e3),
        (3.0, 3.0, 3.0001, 3.0001),
        (-1e6, 2.0, -1e6 + 1, 3.0),
        (79.999, 59.999, 80.0, 60.0),
    ],
)
@pytest.mark.parametrize("shape", [(60, 80), (1, 1), (1, 500), (500, 1)])
def test_extreme_squares_give_a_bounded_crop(square: Box, shape: tuple[int, int]) -> None:
    image = noise(*shape)
    crop, cut = crop_face(image, square, 16)
    assert crop.shape == (16, 16, 3)
    assert 1 <= cut[2] - cut[0] == cut[3] - cut[1] <= 2 * max(shape)
    assert cut[0] < shape[1]
    assert cut[2] > 0
    assert cut[1] < shape[0]
    assert cut[3] > 0


def test_an_extreme_face_reaches_the_crop() -> None:
    frame = Frame(0, None, noise(40, 40))
    face = DetectedFace((-1e308, -1e308, 1e308, 1e308), 0.5)
    (crop,) = crop_faces(frame, [face], Cut(size=8, rule=RULE), margin=1e300)
    assert crop.square[2] - crop.square[0] == 80


def test_a_flat_image_stays_flat() -> None:
    image = np.full((300, 200, 3), (255, 0, 7), dtype=np.uint8)
    for square in ((-50.0, -50.0, 350.0, 350.0), (3.0, 3.0, 20.0, 20.0)):
        crop, _ = crop_face(image, square, 224)
        assert np.unique(crop.reshape(-1, 3), axis=0).tolist() == [[255, 0, 7]]


def test_crops_carry_their_frame_and_face() -> None:
    frame = Frame(7, 0.25, noise(60, 80))
    faces = [DetectedFace((10.0, 10.0, 30.0, 40.0), 0.9), DetectedFace((40.0, 5.0, 60.0, 35.0), 0.8)]
    crops = crop_faces(frame, faces, Cut(size=24, rule=RULE), margin=0.0)
    assert [crop.face for crop in crops] == faces
    assert {(crop.frame_index, crop.pts_seconds) for crop in crops} == {(7, 0.25)}
    assert [crop.square for crop in crops] == [(8.0, 15.0, 32.0, 39.0), (38.0, 10.0, 62.0, 34.0)]
    np.testing.assert_array_equal(crops[0].image, frame.image[15:39, 8:32])


def test_a_read_only_image_is_left_as_it_is() -> None:
    image = noise(30, 30)
    before = image.copy()
    image.setflags(write=False)
    crop_face(image, (-5.0, -5.0, 40.0, 40.0), 10)
    np.testing.assert_array_equal(image, before)
