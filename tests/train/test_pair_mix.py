from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genconvit.core.types import ImageArray
from genconvit.crops.record import ORIGINAL
from genconvit.train.augment import AugmentConfig
from genconvit.train.config import TrainConfig
from genconvit.train.dataset import CropDataset, Fakes
from genconvit.train.pair_mix import PairMixConfig, mix_pair

from .faces_on_disk import write_crop

SIDE = 64


def pair(seed: int = 0) -> tuple[ImageArray, ImageArray]:
    """A picture of noise, and the same with another middle."""
    random = np.random.default_rng(seed)
    real = random.integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    fake = real.copy()
    fake[16:48, 16:48] = random.integers(0, 256, (32, 32, 3), np.uint8)
    return real, fake


def drawn(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_by_default_a_fake_stays_as_it_is() -> None:
    real, fake = pair()
    assert mix_pair(real, fake, PairMixConfig(), drawn(0)) is fake


def test_a_weight_is_what_is_left_of_the_difference() -> None:
    real, fake = pair()
    mixed = mix_pair(real, fake, PairMixConfig(share=1, weight=(0.25, 0.25), local=0), drawn(0))
    np.testing.assert_allclose(mixed, real + 0.25 * (fake.astype(float) - real), atol=0.51)


@pytest.mark.parametrize("kept", [0.4, 0.9])
def test_a_part_holds_its_share_of_the_difference_and_leaves_the_rest_real(kept: float) -> None:
    real, fake = pair()
    config = PairMixConfig(share=1, weight=(1, 1), local=1, kept=(kept, kept))
    shares, untouched = [], []
    for seed in range(30):
        mixed = mix_pair(real, fake, config, drawn(seed)).astype(float)
        shares.append(np.abs(mixed - real).sum() / np.abs(fake.astype(float) - real).sum())
        untouched.append((mixed == real)[16:48, 16:48].mean())
    assert np.mean(shares) == pytest.approx(kept, abs=0.05)
    assert np.mean(untouched) > (1 - kept) / 4


def test_every_draw_makes_another_fake_and_one_state_the_same() -> None:
    real, fake = pair()
    config = PairMixConfig(share=1, local=1)
    mixed = [mix_pair(real, fake, config, drawn(seed)) for seed in (1, 2, 1)]
    assert (mixed[0] != mixed[1]).any()
    np.testing.assert_array_equal(mixed[0], mixed[2])


def test_a_fake_of_another_frame_is_not_mixed() -> None:
    real, fake = pair()
    other = pair(seed=1)[0]
    config = PairMixConfig(share=1, weight=(0.5, 0.5), local=0)
    assert mix_pair(other, fake, config, drawn(0)) is fake
    assert mix_pair(real, fake, config, drawn(0)) is not fake


def test_equal_images_can_be_mixed() -> None:
    real, _ = pair()
    mixed = mix_pair(real, real.copy(), PairMixConfig(share=1, local=1), drawn(0))
    np.testing.assert_array_equal(mixed, real)


def test_a_pair_is_mixed_before_both_are_changed_alike(tmp_path: Path) -> None:
    records = [
        write_crop(tmp_path, "a", "FAKE", seed=1).model_copy(update={"groups": {ORIGINAL: "b"}}),
        write_crop(tmp_path, "b", "REAL", seed=2),
    ]
    mix = PairMixConfig(share=1, weight=(0, 0), local=0, border_difference=255)
    changed = AugmentConfig(chain=1, noise=1, affine=1)
    real, mixed = CropDataset(tmp_path, records, 32, augment=changed, fakes=Fakes(pairs=True, mix=mix))[0]
    assert (real.label, mixed.label) == (1, 0)
    np.testing.assert_array_equal(real.image.numpy(), mixed.image.numpy())


def test_mixing_needs_pairs() -> None:
    with pytest.raises(ValueError, match=r"pair_mix.share=0.5 .* give pairs as well"):
        TrainConfig(data="crops", pair_mix=PairMixConfig(share=0.5))
