from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from genconvit.core.errors import ConfigError
from genconvit.crops.record import CropRecord
from genconvit.train.augment import AugmentConfig
from genconvit.train.dataset import CropDataset, Example, Fakes, collate

from .faces_on_disk import LANDMARKS, drawn_face, write_crop

ALWAYS = AugmentConfig(chain=1, noise=1)


@pytest.fixture
def records(tmp_path: Path) -> list[CropRecord]:
    """A fake, and two reals."""
    return [
        write_crop(tmp_path, "a", "FAKE", seed=1),
        write_crop(tmp_path, "b", "REAL", seed=2),
        write_crop(tmp_path, "c", "REAL", seed=3),
    ]


def same(first: list[Example], second: list[Example]) -> bool:
    return [each.label for each in first] == [each.label for each in second] and all(
        torch.equal(one.image, other.image) for one, other in zip(first, second, strict=True)
    )


def test_without_augmentation_an_example_is_the_crop_and_its_label(tmp_path: Path, records: list[CropRecord]) -> None:
    dataset = CropDataset(tmp_path, records, 64, augment=None)
    assert len(dataset) == 3
    assert dataset.labels == [0, 1, 1]
    (example,) = dataset[0]
    assert example.label == 0
    assert example.image.dtype == torch.uint8
    np.testing.assert_array_equal(example.image.permute(1, 2, 0).numpy(), drawn_face(1))


def test_crops_are_resized_as_faces_are_cut(tmp_path: Path, records: list[CropRecord]) -> None:
    (example,) = CropDataset(tmp_path, records, 32, augment=None)[1]
    halves = drawn_face(2).reshape(32, 2, 32, 2, 3).astype(np.float32).mean((1, 3))
    np.testing.assert_allclose(example.image.permute(1, 2, 0).numpy(), halves, atol=0.51)


def test_an_item_depends_on_seed_epoch_and_index_alone(tmp_path: Path, records: list[CropRecord]) -> None:
    def fresh(seed: int = 0) -> CropDataset:
        return CropDataset(tmp_path, records, 32, augment=ALWAYS, fakes=Fakes(self_blended=True), seed=seed)

    dataset, again = fresh(), fresh()
    dataset.set_epoch(3)
    first = dataset[1]
    torch.manual_seed(99)
    np.random.seed(99)
    again.set_epoch(3)
    _ = again[0]
    assert same(again[1], first)
    assert same(again[-1], first)
    again.set_epoch(4)
    assert not same(again[1], first)
    other = fresh(seed=1)
    other.set_epoch(3)
    assert not same(other[1], first)


def test_pytorchs_generator_is_left_where_it_was(tmp_path: Path, records: list[CropRecord]) -> None:
    dataset = CropDataset(tmp_path, records, 32, augment=AugmentConfig(chain=1, noise=1, affine=1, tone=1))
    before = torch.random.get_rng_state()
    _ = dataset[0]
    assert torch.equal(torch.random.get_rng_state(), before)


def test_workers_make_the_same_items(tmp_path: Path, records: list[CropRecord]) -> None:
    dataset = CropDataset(tmp_path, records, 32, augment=ALWAYS)
    here = [collate([dataset[index]]) for index in range(3)]
    for batch, expected in zip(DataLoader(dataset, collate_fn=collate, num_workers=2), here, strict=True):
        assert torch.equal(batch.images, expected.images)


def test_self_blended_pairs_come_from_the_reals_alone(tmp_path: Path, records: list[CropRecord]) -> None:
    dataset = CropDataset(tmp_path, records, 64, augment=None, fakes=Fakes(self_blended=True))
    assert len(dataset) == 2
    assert dataset.labels == [1, 1]
    (tmp_path / records[0].crop).unlink()
    pairs = [dataset[index] for index in range(2)]
    assert [[each.label for each in pair] for pair in pairs] == [[1, 0], [1, 0]]
    assert all(not torch.equal(real.image, fake.image) for real, fake in pairs)


def test_real_and_fake_of_a_pair_are_augmented_alike(tmp_path: Path, records: list[CropRecord]) -> None:
    turned = AugmentConfig.preset("none").model_copy(update={"noise": 1.0, "flip_vertical": 1.0})
    plain = CropDataset(tmp_path, records, 64, augment=None, fakes=Fakes(self_blended=True))[0]
    real, fake = CropDataset(tmp_path, records, 64, augment=turned, fakes=Fakes(self_blended=True))[0]
    outside = (plain[0].image == plain[1].image).flip(1)
    assert outside.any()
    assert torch.equal(real.image[outside], fake.image[outside])
    assert not torch.equal(real.image, plain[0].image.flip(1))


def test_crops_without_landmarks_are_counted_where_fakes_are_made_of_them(tmp_path: Path) -> None:
    records = [
        write_crop(tmp_path, "a", "REAL"),
        write_crop(tmp_path, "b", "REAL", landmarks=()),
        write_crop(tmp_path, "c", "REAL", landmarks=(LANDMARKS[0],) * 5),
        write_crop(tmp_path, "d", "FAKE", landmarks=()),
    ]
    dataset = CropDataset(tmp_path, records, 64, augment=None, fakes=Fakes(self_blended=True))
    assert dataset.guessed == 2
    assert [len(dataset[index]) for index in range(3)] == [2, 2, 2]
    assert CropDataset(tmp_path, records, 64, augment=None).guessed == 0


def test_an_image_that_cannot_be_read_is_skipped_and_counted(tmp_path: Path, records: list[CropRecord]) -> None:
    whole = (tmp_path / records[0].crop).read_bytes()
    (tmp_path / records[0].crop).write_bytes(whole[: len(whole) // 2])
    (tmp_path / records[1].crop).unlink()
    dataset = CropDataset(tmp_path, records, 32, augment=None)
    batch = collate([dataset[index] for index in range(3)])
    assert batch.skipped == 2
    assert batch.images.shape == (1, 3, 32, 32)
    assert batch.labels.tolist() == [1]


def test_pairs_are_collated_in_their_order(tmp_path: Path, records: list[CropRecord]) -> None:
    dataset = CropDataset(tmp_path, records, 32, augment=None, fakes=Fakes(self_blended=True))
    batch = collate([dataset[0], dataset[1]])
    assert batch.images.shape == (4, 3, 32, 32)
    assert (batch.labels.tolist(), batch.labels.dtype) == ([1, 0, 1, 0], torch.int64)


def test_a_batch_may_be_empty() -> None:
    batch = collate([[], []])
    assert len(batch.images) == len(batch.labels) == 0
    assert batch.skipped == 2


def test_a_16_bit_grey_crop_is_read_like_any_other(tmp_path: Path) -> None:
    record = write_crop(tmp_path, "a", "REAL")
    Image.fromarray(np.full((64, 64), 0x8000, np.uint16)).save(tmp_path / record.crop)
    (example,) = CropDataset(tmp_path, [record], 16, augment=None)[0]
    assert bool((example.image == 128).all())


def test_a_size_without_a_pixel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="at least 1 pixel, got 0"):
        CropDataset(tmp_path, [], 0, augment=None)


def mixed(root: Path, records: list[CropRecord], share: float, **options: Any) -> CropDataset:
    return CropDataset(root, records, 32, augment=None, fakes=Fakes(share=share, **options))


def test_so_many_of_the_fakes_are_made_from_reals_instead(tmp_path: Path, records: list[CropRecord]) -> None:
    dataset = mixed(tmp_path, records, 0.25)
    own = CropDataset(tmp_path, records, 32, augment=None)[0]
    blended = 0
    for epoch in range(300):
        dataset.set_epoch(epoch)
        item = dataset[0]
        assert [each.label for each in item] == [0]
        blended += not same(item, own)
        if epoch < 3:
            assert same(dataset[1], CropDataset(tmp_path, records, 32, augment=None)[1])
    assert 50 <= blended <= 100
    dataset.set_epoch(0)
    first = [dataset[0] for _ in range(2)]
    assert same(*first)


def test_a_share_of_none_or_all_of_them(tmp_path: Path, records: list[CropRecord]) -> None:
    plain = CropDataset(tmp_path, records, 32, augment=ALWAYS)
    assert all(
        same(mixed_item, item)
        for mixed_item, item in zip(
            [CropDataset(tmp_path, records, 32, augment=ALWAYS, fakes=Fakes(share=0.0))[i] for i in range(3)],
            [plain[i] for i in range(3)],
            strict=True,
        )
    )
    (tmp_path / records[0].crop).unlink()
    assert [each.label for each in mixed(tmp_path, records, 1.0)[0]] == [0]


def test_a_window_is_drawn_for_training_alone(tmp_path: Path, records: list[CropRecord]) -> None:
    half = AugmentConfig.preset("none").model_copy(update={"window": (0.5, 0.5)})
    whole, part = (CropDataset(tmp_path, records, 32, augment=each)[1][0].image for each in (None, half))
    crop = torch.from_numpy(drawn_face(2).transpose(2, 0, 1).copy())
    assert part.shape == whole.shape == (3, 32, 32)
    places = [(y, x) for y in range(33) for x in range(33)]
    nearest = min((part.float() - crop[:, y : y + 32, x : x + 32].float()).abs().mean() for y, x in places)
    assert nearest < 2.5
    assert (part.float() - whole.float()).abs().mean() > 2 * nearest
