from __future__ import annotations

import numpy as np
import pytest

from genconvit.core.errors import ConfigError
from genconvit.core.types import ImageArray
from genconvit.robustness.degrade import (
    DEGRADATIONS,
    FACE_PX,
    Degradation,
    FaceContext,
    blur,
    blur_face,
    brightness,
    degradations_named,
    jpeg,
    noise,
    rescale,
)

IN_MEMORY = [each for each in DEGRADATIONS.values() if each.apply]


def textured(height: int = 60, width: int = 80) -> ImageArray:
    return blur(np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8), 0.8)


def applied(degradation: Degradation, image: ImageArray, strength: float, seed: int = 0) -> ImageArray:
    assert degradation.apply
    height, width = image.shape[:2]
    square = (0.0, 0.0, float(width), float(height))
    return degradation.apply(image, strength, FaceContext(square, np.random.default_rng(seed)))


def distance(one: ImageArray, other: ImageArray) -> float:
    return float(np.abs(one.astype(int) - other).mean())


def test_strengths_that_change_nothing_change_no_bit() -> None:
    image = textured()
    for same in (
        rescale(image, 1),
        blur(image, 0),
        noise(image, 0, np.random.default_rng(0)),
        brightness(image, 1),
        blur_face(image, (10, 10, 40, 40), 0),
    ):
        assert np.array_equal(same, image)
        assert not np.shares_memory(same, image)


@pytest.mark.parametrize("kind", IN_MEMORY, ids=lambda kind: kind.name)
@pytest.mark.parametrize("shape", [(60, 80), (31, 17), (1, 1)])
def test_a_frame_keeps_its_shape_and_the_original_its_pixels(kind: Degradation, shape: tuple[int, int]) -> None:
    image = textured(*shape)
    before = image.copy()
    for strength in kind.strengths:
        degraded = applied(kind, image, strength)
        assert degraded.shape == image.shape
        assert degraded.dtype == np.uint8
    assert np.array_equal(image, before)


@pytest.mark.parametrize("kind", [each for each in IN_MEMORY if not each.is_two_sided], ids=lambda kind: kind.name)
def test_each_strength_is_worse_than_the_one_before(kind: Degradation) -> None:
    image = textured(FACE_PX, FACE_PX)
    distances = [distance(applied(kind, image, strength), image) for strength in kind.strengths]
    assert distances == sorted(distances)
    assert distances[0] > 0
    assert len(set(distances)) == len(distances)


def test_brightness_works_both_ways_and_is_clipped() -> None:
    image = np.array([[[0, 100, 200]]], np.uint8)
    assert brightness(image, 0.5).tolist() == [[[0, 50, 100]]]
    assert brightness(image, 2).tolist() == [[[0, 200, 255]]]
    assert DEGRADATIONS["brightness"].is_two_sided


def test_jpeg_halves_the_resolution_of_colours_alone() -> None:
    checks = np.indices((64, 64)).sum(axis=0)[..., None] % 2
    grey = (96 + 64 * np.repeat(checks, 3, axis=2)).astype(np.uint8)
    red_and_blue = np.concatenate([255 * checks, 0 * checks, 255 * (1 - checks)], axis=2).astype(np.uint8)
    assert distance(jpeg(grey, 95), grey) < 3
    assert distance(jpeg(red_and_blue, 95), red_and_blue) > 40


def test_noise_has_the_strength_that_it_says_and_comes_from_its_seed() -> None:
    grey = np.full((200, 200, 3), 128, np.uint8)
    one, same, other = (noise(grey, 8, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert (one.astype(float) - 128).std() == pytest.approx(8, rel=0.02)
    assert one.mean() == pytest.approx(128, abs=0.1)


def test_a_face_is_blurred_as_if_the_whole_frame_were() -> None:
    image = textured(200, 240)
    square = (100.0, 60.0, 156.0, 116.0)
    blurred = blur_face(image, square, 4)
    assert np.array_equal(blurred[60:116, 100:156], blur(image, 4 * 56 / FACE_PX)[60:116, 100:156])
    assert np.array_equal(blurred[:, :60], image[:, :60])


def test_a_square_beyond_the_frame_is_no_error() -> None:
    image = textured()
    assert blur_face(image, (-40.0, -40.0, 20.0, 20.0), 4).shape == image.shape
    assert np.array_equal(blur_face(image, (500.0, 500.0, 520.0, 520.0), 1), image)


def test_names_choose_in_the_tables_order_and_none_is_all() -> None:
    assert [each.name for each in degradations_named(["noise", "jpeg", "noise"])] == ["jpeg", "noise"]
    assert degradations_named([]) == tuple(DEGRADATIONS.values())
    with pytest.raises(ConfigError, match="no degradation 'fog'; give one or more of jpeg, h264, rescale"):
        degradations_named(["jpeg", "fog"])
