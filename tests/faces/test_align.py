"""Faces are turned until their eyes are level, about the middle of their square."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from genconvit.core.cut import Cut, SquareRule
from genconvit.core.types import DetectedFace, Frame, ImageArray
from genconvit.faces.crop import crop_again, crop_face, crop_faces, crop_turned

CENTRE = (100.0, 80.0)
SIDE = 60.0
BOX = (CENTRE[0] - SIDE / 2, CENTRE[1] - SIDE / 2, CENTRE[0] + SIDE / 2, CENTRE[1] + SIDE / 2)
ALIGNED = Cut(size=60, aligned=True, rule=SquareRule(side=1.0, shift_down=0.0))
UPRIGHT = Cut(size=60, rule=ALIGNED.rule)


def turned(x: float, y: float, degrees: float) -> tuple[float, float]:
    """Give a point relative to the face's centre, turned clockwise as seen, in pixels of the frame."""
    angle = math.radians(degrees)
    return (
        CENTRE[0] + x * math.cos(angle) - y * math.sin(angle),
        CENTRE[1] + x * math.sin(angle) + y * math.cos(angle),
    )


def head(degrees: float) -> tuple[ImageArray, DetectedFace]:
    """Draw a head turned by so many degrees: a white left eye, a grey right eye, a dim mouth's middle, each a disc."""
    image = np.zeros((160, 200, 3), np.uint8)
    y, x = np.mgrid[:160, :200] + 0.5
    eyes = [turned(-12, -9, degrees), turned(12, -9, degrees)]
    mouth = turned(0, 15, degrees)
    for (centre_x, centre_y), value in zip([*eyes, mouth], (250, 150, 80), strict=True):
        image[np.hypot(x - centre_x, y - centre_y) < 5] = value
    others = [turned(0, 2, degrees), turned(-9, 15, degrees), turned(9, 15, degrees)]
    return image, DetectedFace(BOX, 1.0, np.array([*eyes, *others], np.float32))


def disc_at(crop: ImageArray, x: int, y: int) -> tuple[float, float, float]:
    """Give the middle of what is bright around a pixel of a crop, and the highest brightness."""
    window = crop[y - 8 : y + 8, x - 8 : x + 8, 0].astype(float)
    rows, columns = np.mgrid[y - 8 : y + 8, x - 8 : x + 8] + 0.5
    weight = window / window.sum()
    return float((columns * weight).sum()), float((rows * weight).sum()), window.max()


@pytest.mark.parametrize("degrees", [-75, -20, 5, 33, 90, 170])
def test_eyes_are_level_and_the_mouth_below_them(degrees: float) -> None:
    image, face = head(degrees)
    (crop,) = crop_faces(Frame(0, None, image), [face], ALIGNED)
    assert math.degrees(crop.angle) == pytest.approx(degrees, abs=0.1)
    assert crop.square == BOX
    pixels = np.asarray(crop.image)
    for (x, y), brightness in (((18, 21), 250), ((42, 21), 150), ((30, 45), 80)):
        assert disc_at(pixels, x, y) == pytest.approx((x, y, brightness), abs=0.3)


def test_without_landmarks_or_where_nothing_asks_for_it_a_face_stays_as_it_is() -> None:
    image, face = head(20)
    frame = Frame(0, None, image)
    (upright,) = crop_faces(frame, [face], UPRIGHT)
    (bare,) = crop_faces(frame, [DetectedFace(BOX, 1.0)], ALIGNED)
    assert (upright.angle, bare.angle) == (0, 0)
    assert np.array_equal(upright.image, crop_face(image, BOX, 60)[0])
    assert np.array_equal(bare.image, upright.image)


@pytest.mark.parametrize("square", [BOX, (-40.0, -30.0, 50.0, 60.0), (150.0, 110.0, 230.0, 190.0)])
def test_a_tensor_gives_the_same_pixels_as_an_array(square: tuple[float, float, float, float]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (160, 200, 3), np.uint8)
    on_host = crop_turned(image, square, 0.4, 32)
    on_device = crop_turned(torch.from_numpy(image), square, 0.4, 32)
    assert isinstance(on_device, torch.Tensor)
    assert on_host.shape == (32, 32, 3)
    assert np.abs(on_device.numpy().astype(int) - np.asarray(on_host)).max() <= 1


def test_beyond_the_frame_its_edge_goes_on() -> None:
    image = np.full((100, 100, 3), 90, np.uint8)
    corner = np.asarray(crop_turned(image, (-30.0, -30.0, 30.0, 30.0), math.radians(45), 40))
    assert set(corner.ravel().tolist()) == {90}


def test_a_quarter_turn_is_the_turned_crop() -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    smooth = np.asarray(crop_face(image, (0.0, 0.0, 40.0, 40.0), 8)[0].repeat(20, 0).repeat(20, 1))
    square = (20.0, 20.0, 140.0, 140.0)
    upright, quarter = crop_face(smooth, square, 60)[0], np.asarray(crop_turned(smooth, square, math.pi / 2, 60))
    assert np.abs(np.rot90(upright, 1).astype(int) - quarter).mean() < 6


def test_the_same_face_is_cut_again_as_it_was_turned() -> None:
    image, face = head(20)
    crops = crop_faces(Frame(0, None, image), [face], ALIGNED)
    (again,) = crop_again(crops, 255 - image)
    assert again.angle == crops[0].angle
    assert np.abs((255 - np.asarray(again.image)).astype(int) - np.asarray(crops[0].image)).max() <= 1
