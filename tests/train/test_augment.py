from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from genconvit.core.errors import ConfigError
from genconvit.train.augment import PRESETS, AugmentConfig, augment
from genconvit.train.clahe import clahe

from .faces_on_disk import drawn_face

NOTHING = AugmentConfig.preset("none")
STEPS = (
    *("rotate_90", "transpose", "flip_horizontal", "flip_vertical", "noise", "affine"),
    *("tone", "colour", "blur", "downscale", "jpeg"),
)


def face(side: int = 64) -> Tensor:
    return torch.from_numpy(drawn_face(side=side)).permute(2, 0, 1).contiguous()


def only(step: str, **ranges: object) -> AugmentConfig:
    """A config that does one thing, always."""
    return AugmentConfig.model_validate({**NOTHING.model_dump(), step: 1.0, **ranges})


def change(config: AugmentConfig, seed: int = 0, image: Tensor | None = None) -> Tensor:
    return augment(face() if image is None else image, config, np.random.default_rng(seed))


def distance(first: Tensor, second: Tensor) -> float:
    return float((first.float() - second.float()).abs().mean())


def detail(image: Tensor) -> float:
    return float(image.float().diff(dim=2).abs().mean())


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("side", [65, 96])
def test_every_step_keeps_shape_and_type_and_follows_its_seed(step: str, side: int) -> None:
    image = face(side)
    before = image.clone()
    results = [change(only(step), seed, image) for seed in range(4)]
    for seed, result in enumerate(results):
        assert (result.dtype, result.shape) == (torch.uint8, (3, side, side))
        assert torch.equal(result, change(only(step), seed, image))
    assert any(not torch.equal(result, image) for result in results)
    assert torch.equal(image, before)


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("step", STEPS)
def test_flat_images_are_fine(step: str, value: int) -> None:
    flat = torch.full((3, 16, 16), value, dtype=torch.uint8)
    for seed in range(6):
        assert distance(change(only(step), seed, flat), flat) < 64


def test_flips_transposes_and_turns_move_pixels_alone() -> None:
    assert torch.equal(change(only("flip_horizontal")), face().flip(2))
    assert torch.equal(change(only("flip_vertical")), face().flip(1))
    assert torch.equal(change(only("transpose")), face().transpose(1, 2))
    turns = {
        turn
        for seed in range(20)
        for turn in range(4)
        if torch.equal(change(only("rotate_90"), seed), face().rot90(turn, (1, 2)))
    }
    assert turns == {0, 1, 2, 3}


def test_a_shift_mirrors_what_lies_beyond_the_edge() -> None:
    moved = change(only("affine", shift=0.25, scale=0, rotate_degrees=0), seed=1)
    assert distance(moved, face()) > 3
    assert int(moved.min()) >= int(face().min())


def test_an_affine_change_of_nothing_changes_nothing() -> None:
    assert torch.equal(change(only("affine", shift=0, scale=0, rotate_degrees=0)), face())


def test_noise_is_as_strong_as_it_says() -> None:
    grey = torch.full((3, 64, 64), 128, dtype=torch.uint8)
    noisy = change(only("noise", noise_sigma=(10, 10)), image=grey).float()
    assert float(noisy.std()) == pytest.approx(10, rel=0.05)
    assert float(noisy.mean()) == pytest.approx(128, abs=0.5)


@pytest.mark.parametrize(
    ("step", "weak", "strong"),
    [
        ("blur", {"blur_sigma": (1, 1)}, {"blur_sigma": (10, 10)}),
        ("downscale", {"downscale_factor": (0.9, 0.9)}, {"downscale_factor": (0.2, 0.2)}),
        ("jpeg", {"jpeg_quality": (95, 95)}, {"jpeg_quality": (5, 5)}),
        ("colour", {"hue": 0.0, "saturation": 0.05, "value": 0.0}, {"hue": 0.5, "saturation": 1.0, "value": 0.5}),
    ],
)
def test_stronger_ranges_change_more(step: str, weak: dict[str, object], strong: dict[str, object]) -> None:
    little, much = (distance(change(only(step, **ranges)), face()) for ranges in (weak, strong))
    assert 0 < little < much


def test_blur_and_rescaling_take_detail() -> None:
    assert detail(change(only("blur", blur_sigma=(8, 8)))) < detail(face()) / 2
    assert detail(change(only("downscale", downscale_factor=(0.3, 0.3)))) < detail(face()) / 2


def test_a_blur_goes_by_the_size_of_the_face() -> None:
    config = only("blur", blur_sigma=(7, 7))
    ratios = [detail(change(config, image=face(side))) * side for side in (64, 256)]
    assert ratios[0] == pytest.approx(ratios[1], rel=0.25)


def test_each_of_the_four_tones_comes() -> None:
    config = only("tone", clahe_clip=(2, 2), sharpen=(1, 1), emboss=(0.4, 0.4), brightness=0, contrast=0)
    assert len({change(config, seed).numpy().tobytes() for seed in range(40)}) == 4


def test_local_contrast_is_bounded_and_leaves_the_rest_as_it_is() -> None:
    grey = drawn_face()[..., 0]
    weak, strong = (np.abs(clahe(grey, clip) - grey).mean() for clip in (1, 8))
    assert 0 < weak < 5 < strong
    faint = np.random.default_rng(0).integers(100, 108, (64, 64)).astype(np.uint8)
    assert clahe(faint, 4).std() > 1.5 * faint.std()


@pytest.mark.parametrize("shape", [(1, 1), (7, 30), (64, 65)])
def test_local_contrast_takes_any_shape(shape: tuple[int, int]) -> None:
    equal = clahe(np.full(shape, 90, np.uint8), 2)
    assert equal.shape == shape
    np.testing.assert_allclose(equal, 90, atol=2)


def test_the_chain_as_a_whole_may_be_left_out() -> None:
    config = only("flip_horizontal", chain=0.3)
    changed = sum(not torch.equal(change(config, seed), face()) for seed in range(300))
    assert changed / 300 == pytest.approx(0.3, abs=0.08)


def test_a_step_comes_as_often_as_it_says() -> None:
    config = only("flip_horizontal", flip_horizontal=0.2)
    changed = sum(not torch.equal(change(config, seed), face()) for seed in range(300))
    assert changed / 300 == pytest.approx(0.2, abs=0.07)


def test_presets() -> None:
    assert AugmentConfig.preset("reference") == AugmentConfig()
    assert torch.equal(change(AugmentConfig.preset("none")), face())
    robust = AugmentConfig.preset("robust")
    assert robust.rotate_90 == robust.transpose == robust.flip_vertical == 0
    assert min(robust.blur, robust.downscale, robust.jpeg) > 0
    for name in PRESETS:
        config = AugmentConfig.preset(name)
        assert AugmentConfig.model_validate_json(config.model_dump_json()) == config
    with pytest.raises(ConfigError, match="no augmentation 'strong'; give one of reference, robust, none"):
        AugmentConfig.preset("strong")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("chain", 1.5, "less than or equal to 1"),
        ("jpeg_quality", (90, 40), "a range goes upwards and lies within 1 to 100; got 90 to 40"),
        ("downscale_factor", (0.0, 1.0), "within 0.05 to 1; got 0 to 1"),
        ("noise_sigma", (float("nan"), 1.0), "finite"),
        ("jpg", 0.5, "did you mean 'jpeg'"),
    ],
)
def test_bounds_are_held(field: str, value: object, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        AugmentConfig.model_validate({field: value})
