from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError

from genconvit.crops.record import Point
from genconvit.train.colour import Recolouring
from genconvit.train.face_mask import MaskConfig, face_mask, has_outline
from genconvit.train.self_blended import SelfBlendConfig, SelfBlended, blended, self_blend

from .faces_on_disk import LANDMARKS, drawn_face

NAN = float("nan")
ROUND = tuple((32 + 20 * np.cos(angle), 32 + 25 * np.sin(angle)) for angle in np.linspace(0, 6, 68))
STRANGE: dict[str, tuple[Point, ...]] = {
    "none": (),
    "too few": LANDMARKS[:3],
    "one place": ((30.0, 30.0),) * 5,
    "a line": tuple((float(10 * each), 20.0) for each in range(5)),
    "not a number": ((NAN, NAN), *LANDMARKS[1:]),
    "infinite": ((float("inf"), 3.0), *LANDMARKS[1:]),
    "far outside": tuple((x + 1000, y - 1000) for x, y in LANDMARKS),
    "huge": tuple((x * 1e300, y) for x, y in LANDMARKS),
    "eyes on the mouth": (LANDMARKS[3], LANDMARKS[4], LANDMARKS[2], LANDMARKS[3], LANDMARKS[4]),
    "68 in one place": ((5.0, 5.0),) * 68,
}


def pair(seed: int = 0, landmarks: tuple[Point, ...] = LANDMARKS, config: SelfBlendConfig | None = None) -> SelfBlended:
    return self_blend(drawn_face(), landmarks, config or SelfBlendConfig(), np.random.default_rng(seed))


def mask(
    landmarks: tuple[Point, ...] = LANDMARKS, seed: int = 0, size: int = 64, fields: dict[str, object] | None = None
) -> npt.NDArray[np.float32]:
    return face_mask(size, landmarks, MaskConfig.model_validate(fields or {}), np.random.default_rng(seed))


EXACT: dict[str, object] = {
    "jitter": 0,
    "elastic": (0, 0),
    "first_blur": (0, 0),
    "second_blur": (0, 0),
    "brow": (0.5, 0.5),
    "chin": (0.6, 0.6),
    "cheeks": (1, 1),
}


def test_outside_of_the_mask_the_fake_is_the_real_to_the_bit() -> None:
    for seed in range(20):
        made = pair(seed)
        outside = made.mask == 0
        assert outside.any()
        np.testing.assert_array_equal(made.fake[outside], made.real[outside])
        assert (made.fake != made.real).any()


def test_inside_of_a_full_mask_the_fake_is_the_source() -> None:
    made = pair(config=SelfBlendConfig(ratios=(1.0,)))
    inside = made.mask == 1
    assert inside.any()
    np.testing.assert_array_equal(made.fake[inside], made.source[inside])


def test_the_ratio_says_how_much_of_the_source_is_blended_in() -> None:
    source, target = np.full((4, 4, 3), 200, np.uint8), np.full((4, 4, 3), 100, np.uint8)
    np.testing.assert_array_equal(blended(source, target, np.full((4, 4), 0.25, np.float32)), 125)
    ratios = {pair(seed).ratio for seed in range(40)}
    assert ratios == {0.25, 0.5, 0.75, 1.0}


def test_images_and_mask_have_their_types_and_the_crop_stays_as_it_was() -> None:
    image = drawn_face()
    made = self_blend(image, LANDMARKS, SelfBlendConfig(), np.random.default_rng(0))
    for each in (made.real, made.fake, made.source):
        assert each.dtype == np.uint8
        assert each.shape == (64, 64, 3)
    assert made.mask.dtype == np.float32
    assert made.mask.shape == (64, 64)
    np.testing.assert_array_equal(image, drawn_face())


def test_the_same_seed_makes_the_same_pair() -> None:
    np.testing.assert_array_equal(pair(5).fake, pair(5).fake)
    assert (pair(5).fake != pair(6).fake).any()


def test_either_of_the_two_is_changed_and_either_is_moved() -> None:
    recoloured = [pair(seed, config=SelfBlendConfig(translation=0, scale=0, detail=0)) for seed in range(40)]
    reals_as_given = sum(bool((each.real == drawn_face()).all()) for each in recoloured)
    assert 10 <= reals_as_given <= 30
    still = SelfBlendConfig(hue=0, saturation=0, value=0, contrast=0, brightness=0, rgb_shift=0, detail=0)
    moved = [pair(seed, config=still) for seed in range(40)]
    reals_as_given = sum(bool((each.real == drawn_face()).all()) for each in moved)
    assert 10 <= reals_as_given <= 30


def test_sources_are_as_sharp_as_targets() -> None:
    def sharpness(image: npt.NDArray[np.uint8], where: npt.NDArray[np.bool_]) -> float:
        return float(np.abs(np.diff(image.astype(np.float32), axis=1)).mean(2)[where[:, 1:]].mean())

    config = SelfBlendConfig(ratios=(1.0,), brightness=0, contrast=0, value=0)
    made = [pair(seed, config=config) for seed in range(150)]
    ratios = [sharpness(each.fake, each.mask == 1) / sharpness(each.real, each.mask == 1) for each in made]
    assert np.log(ratios).mean() == pytest.approx(0, abs=3 * np.log(ratios).std() / np.sqrt(len(ratios)))
    assert np.log(ratios).std() > 0.1


def test_five_landmarks_make_a_mask_from_brow_to_chin() -> None:
    solid = mask(fields=EXACT) > 0
    rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
    assert rows[0] == pytest.approx(26 - 0.5 * 20, abs=1.5)
    assert rows[-1] == pytest.approx(46 + 0.6 * 20, abs=1.5)
    assert columns[0] == pytest.approx(32 - 20, abs=1.5)
    assert columns[-1] == pytest.approx(32 + 20, abs=1.5)
    assert all(solid[round(y), round(x)] for x, y in LANDMARKS)


def test_the_mask_turns_with_the_face() -> None:
    turned = tuple((63 - y, x) for x, y in LANDMARKS)
    agreement = (np.rot90(mask(fields=EXACT), -1) == mask(turned, fields=EXACT)).mean()
    assert agreement > 0.95


def test_more_landmarks_are_used_as_they_come() -> None:
    solid = mask(ROUND, fields=EXACT) > 0
    y, x = np.mgrid[:64, :64]
    ellipse = ((x - 32) / 20) ** 2 + ((y - 32) / 25) ** 2 <= 1
    assert (solid == ellipse).mean() > 0.95
    assert not np.array_equal(mask(ROUND[::-1], seed=1), mask(seed=1))


@pytest.mark.parametrize("name", STRANGE)
def test_strange_landmarks_leave_an_ellipse_in_the_middle(name: str) -> None:
    np.testing.assert_array_equal(mask(STRANGE[name], seed=3), mask((), seed=3))
    assert mask(STRANGE[name], seed=3)[32, 32] == 1
    assert pair(2, STRANGE[name]).fake.shape == (64, 64, 3)


@pytest.mark.parametrize("name", STRANGE)
def test_landmarks_that_make_no_outline_are_known_without_the_image(name: str) -> None:
    assert has_outline(STRANGE[name]) == (name == "far outside")
    assert has_outline(LANDMARKS)
    assert has_outline(ROUND)


@pytest.mark.parametrize("size", [1, 2, 17, 64])
def test_masks_stay_between_0_and_1_and_hold_something(size: int) -> None:
    scaled = tuple((x * size / 64, y * size / 64) for x, y in LANDMARKS)
    for seed in range(30):
        made = mask(scaled, seed, size)
        assert made.shape == (size, size)
        assert made.min() >= 0
        assert made.max() == 1


def test_a_crop_of_one_pixel_can_be_blended() -> None:
    made = self_blend(drawn_face(side=1), (), SelfBlendConfig(), np.random.default_rng(0))
    assert made.fake.shape == (1, 1, 3)


def test_the_first_blur_takes_and_the_second_softens() -> None:
    hard = mask(fields=EXACT)
    smaller = mask(fields={**EXACT, "first_blur": (0.04, 0.04)})
    softer = mask(fields={**EXACT, "second_blur": (0.04, 0.04)})
    assert set(np.unique(hard)) == set(np.unique(smaller)) == {0.0, 1.0}
    assert smaller.sum() < hard.sum()
    assert (smaller <= hard).all()
    assert len(np.unique(softer)) > 10


def test_a_face_that_the_crop_cuts_has_the_mask_of_a_larger_crop() -> None:
    cut = tuple((x - 20, y + 9) for x, y in LANDMARKS)
    whole = tuple((x - 4, y + 25) for x, y in LANDMARKS)
    small = mask(cut, fields={**EXACT, "first_blur": (0.03, 0.03), "second_blur": (0.03, 0.03)})
    large = mask(whole, size=96, fields={**EXACT, "first_blur": (0.02, 0.02), "second_blur": (0.02, 0.02)})
    assert small[:, 0].max() > 0.5
    np.testing.assert_allclose(small, large[16:80, 16:80], atol=1e-4)


def test_deformed_masks_differ_in_their_outline() -> None:
    bent = {**EXACT, "elastic": (0.03, 0.03)}
    areas = [mask(seed=seed, fields=bent) != mask(fields=EXACT) for seed in range(5)]
    assert all(0.01 < each.mean() < 0.3 for each in areas)


def test_no_recolouring_changes_nothing_and_each_part_does_what_it_says() -> None:
    image = drawn_face()
    np.testing.assert_array_equal(Recolouring()(image), image)
    grey = Recolouring(saturation=0)(image)
    assert int((grey.max(2) - grey.min(2)).max()) <= 1
    patch = np.full((2, 2, 3), (100, 120, 140), np.uint8)
    np.testing.assert_array_equal(Recolouring(shift=(10, 0, -10))(patch)[0, 0], (110, 120, 130))
    np.testing.assert_array_equal(Recolouring(value=0.5)(patch)[0, 0], (50, 60, 70))
    np.testing.assert_array_equal(Recolouring(brightness=200)(patch)[0, 0], 255)
    half = Recolouring(contrast=0.5)(image).astype(float)
    assert half.std() == pytest.approx(image.std() / 2, rel=0.1)
    assert half.mean() == pytest.approx(image.mean(), abs=8)
    turned = Recolouring(hue=0.5)(np.full((1, 1, 3), (160, 100, 100), np.uint8))[0, 0]
    assert turned[0] < turned[1]


def test_strength_multiplies_the_changes_of_colour_and_stays_within_their_bounds() -> None:
    def change(strength: float) -> float:
        config = SelfBlendConfig(strength=(strength, strength), detail=0, translation=0, scale=0, ratios=(1.0,))
        made = [pair(seed, config=config) for seed in range(20)]
        return float(np.mean([np.abs(each.fake.astype(float) - each.real).mean() for each in made]))

    none, usual, strong, most = map(change, (0, 1, 3, 10))
    assert none == 0 < 2 * usual < strong < most


def test_configs_hold_their_bounds() -> None:
    assert SelfBlendConfig.model_validate_json(SelfBlendConfig().model_dump_json()) == SelfBlendConfig()
    wrong: list[dict[str, object]] = [
        {"ratios": ()},
        {"ratios": (0.0,)},
        {"translation": 0.9},
        {"mask": {"brow": (2, 1)}},
    ]
    for fields in wrong:
        with pytest.raises(ValidationError):
            SelfBlendConfig.model_validate(fields)
