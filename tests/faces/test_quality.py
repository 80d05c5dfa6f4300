"""The measured values of a face's picture: made images whose values are known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from genconvit.core.cut import SquareRule
from genconvit.core.types import Box, DetectedFace, ImageArray
from genconvit.faces.quality import SHARPNESS_PX, measure_quality, yaw_of
from genconvit.results.quality import FaceQuality
from genconvit.robustness.degrade import blur, brightness

SAME = SquareRule(side=1.0, shift_down=0.0)
BOX: Box = (40.0, 20.0, 136.0, 116.0)
"""A face as wide as sharpness is measured at, so that nothing is reduced."""

FRONTAL = ((30, 40), (70, 40), (50, 60), (35, 80), (65, 80))


def textured(height: int = 160, width: int = 200) -> ImageArray:
    """Detail at every scale, as pictures have it: patches of 1 to 32 pixels, of equal contrast."""
    random, made = np.random.default_rng(0), np.full((height, width), 120.0)
    for patch in (1, 2, 4, 8, 16, 32):
        made += (
            random.normal(0, 12, (-(-height // patch), -(-width // patch)))
            .repeat(patch, 0)
            .repeat(patch, 1)[:height, :width]
        )
    image: ImageArray = np.clip(made, 0, 255).astype(np.uint8)[..., None].repeat(3, axis=2)
    return image


def measured(image: ImageArray, box: Box = BOX, rule: SquareRule = SAME, landmarks: Any = None) -> FaceQuality:
    points = None if landmarks is None else np.array(landmarks, np.float32)
    return measure_quality(image, DetectedFace(box, 1.0, points), rule)


def head(degrees: float, roll: float = 0.0) -> list[tuple[float, float]]:
    """The five points of the mean head, turned to the image's right and then rolled, seen from afar."""
    yaw, rolled = math.radians(degrees), math.radians(roll)
    points = [(-50.0, -40.0, 0.0), (50.0, -40.0, 0.0), (0.0, 0.0, 49.0), (-40.0, 40.0, 0.0), (40.0, 40.0, 0.0)]
    seen = [(x * math.cos(yaw) + z * math.sin(yaw), y) for x, y, z in points]
    cosine, sine = math.cos(rolled), math.sin(rolled)
    return [(300 + x * cosine - y * sine, 200 + x * sine + y * cosine) for x, y in seen]


def test_the_width_is_that_of_the_canonical_face_box() -> None:
    assert measured(textured()).width_px == 96
    assert measured(textured(), rule=SquareRule(side=0.5, shift_down=0.1)).width_px == 48
    assert measured(textured(), box=(0.0, 0.0, 500.0, 31.4)).width_px == 31


def test_blur_takes_sharpness_and_nothing_else() -> None:
    values = [measured(blur(textured(), sigma)) for sigma in (0, 0.5, 1, 2, 4)]
    sharpness = [each.sharpness or 0 for each in values]
    assert sharpness == sorted(sharpness, reverse=True)
    assert sharpness[0] > 20 * sharpness[-1] > 0
    assert values[0].luma == pytest.approx(values[-1].luma, abs=1)


def test_a_dark_face_is_no_blurred_one() -> None:
    full, dark = measured(textured()), measured(brightness(textured(), 0.25))
    assert dark.sharpness == pytest.approx(full.sharpness, rel=0.1)
    assert dark.luma == pytest.approx((full.luma or 0) / 4, abs=1)


def test_sharpness_does_not_depend_on_the_size_that_a_face_is_filmed_in() -> None:
    large = textured().repeat(4, axis=0).repeat(4, axis=1)
    four = measured(large, (160.0, 80.0, 544.0, 464.0))
    assert (four.width_px, four.sharpness) == (4 * SHARPNESS_PX, measured(textured()).sharpness)


def test_a_checkerboard_has_the_sharpness_of_its_pattern() -> None:
    board = (np.indices((200, 200)).sum(0) % 2 * 255).astype(np.uint8)[..., None].repeat(3, axis=2)
    sharpness = measured(board).sharpness
    assert sharpness is not None
    assert 60 < sharpness <= 64  # (8 / 1)^2 within, less at the box's edge


@pytest.mark.parametrize(("value", "clipped"), [(0, 1), (5, 1), (6, 0), (120, 0), (249, 0), (250, 1), (255, 1)])
def test_a_grey_image_is_as_bright_as_it_is_and_has_no_detail(value: int, clipped: float) -> None:
    seen = measured(np.full((160, 200, 3), value, np.uint8))
    assert (seen.luma, seen.clipped, seen.sharpness, seen.outside) == (value, clipped, 0, 0)


def test_luma_weighs_colours_as_the_eye_does() -> None:
    image = np.zeros((160, 200, 3), np.uint8)
    image[..., 1] = 200
    assert measured(image).luma == round(0.587 * 200)


@pytest.mark.parametrize(
    ("box", "outside"),
    [
        (BOX, 0),
        ((-24.0, 20.0, 72.0, 116.0), 0.25),
        ((152.0, 20.0, 248.0, 116.0), 0.5),
        ((40.0, -24.0, 136.0, 72.0), 0.25),
        ((152.0, 112.0, 248.0, 208.0), 0.75),
        ((-100.0, -100.0, 300.0, 300.0), 0.8),
    ],
)
def test_what_lies_outside_of_the_frame_is_a_share_of_the_box(box: Box, outside: float) -> None:
    seen = measured(textured(), box)
    assert seen.outside == outside
    assert seen.sharpness is not None


@pytest.mark.parametrize("box", [(-200.0, 20.0, -104.0, 116.0), (200.0, 20.0, 296.0, 116.0), (40.0, 1e9, 136.0, 2e9)])
def test_a_box_without_a_pixel_in_the_frame_has_no_brightness(box: Box) -> None:
    seen = measured(textured(), box)
    assert (seen.outside, seen.sharpness, seen.luma, seen.clipped) == (1, None, None, None)


@pytest.mark.parametrize("box", [(7.0, 7.0, 8.0, 8.0), (7.2, 7.2, 7.3, 7.3), (7.0, 7.0, 7.0 + 1e-12, 7.0 + 1e-12)])
def test_a_face_of_a_pixel_has_a_width_and_a_brightness(box: Box) -> None:
    seen = measured(np.full((16, 16, 3), 90, np.uint8), box)
    assert (seen.width_px, seen.luma, seen.sharpness, seen.outside) == (1, 90, 0, 0)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (2, 2)])
def test_frames_of_any_shape_are_measured(shape: tuple[int, int]) -> None:
    image = textured()[: shape[0], : shape[1]].copy() if max(shape) < 160 else np.full((*shape, 3), 9, np.uint8)
    seen = measured(image, (-1e300, -1e300, 1e300, 1e300))
    assert seen.outside > 0.99
    assert seen.luma is not None


@pytest.mark.parametrize("degrees", [-75, -40, -10, 0, 10, 40, 75])
@pytest.mark.parametrize("roll", [0, 35, -90])
def test_the_nose_tells_the_turn_of_a_head_however_it_is_tilted(degrees: float, roll: float) -> None:
    assert yaw_of(np.array(head(degrees, roll), np.float32)) == pytest.approx(degrees, abs=0.2)


def test_mirrored_landmarks_turn_the_other_way() -> None:
    points = np.array(head(33), np.float32)
    mirrored = points[[1, 0, 2, 4, 3]] * np.array([-1, 1], np.float32) + np.array([600, 0], np.float32)
    assert (yaw_of(points), yaw_of(mirrored)) == (33, -33)


@pytest.mark.parametrize(
    "points",
    [
        None,
        [[math.nan, 40], *FRONTAL[1:]],
        [*FRONTAL[:4], [math.inf, 80]],
        [[50, 40], [50, 40], *FRONTAL[2:]],
        [[30, 40], [70, 40], [50, 40], [35, 40], [65, 40]],
        [[5, 5]] * 5,
        FRONTAL[:2],
    ],
    ids=["none", "nan", "infinite", "one eye", "one line", "one point", "the eyes alone"],
)
def test_landmarks_that_tell_nothing_give_no_turn(points: Any) -> None:
    assert measured(textured(), landmarks=points).yaw_degrees is None


@pytest.mark.parametrize("box", [BOX, (-24.5, 20.3, 71.1, 130.8), (-300.0, 0.0, -200.0, 100.0)])
def test_a_frame_on_a_device_gives_the_same_values(box: Box) -> None:
    face = DetectedFace(box, 1.0, np.array(FRONTAL, np.float32))
    image = textured()
    assert measure_quality(torch.from_numpy(image), face, SAME) == measure_quality(image, face, SAME)


@pytest.mark.gpu
def test_a_frame_on_a_gpu_gives_the_same_values(gpu: torch.device) -> None:
    face, image = DetectedFace(BOX, 1.0), textured()
    assert measure_quality(torch.from_numpy(image).to(gpu), face, SAME) == measure_quality(image, face, SAME)
