from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from genconvit.crops.record import CropRecord
from genconvit.train.augment import AugmentConfig
from genconvit.train.dataset import CropDataset, Example, Fakes, collate
from genconvit.train.pairs import find_pairs

from .faces_on_disk import drawn_face, write_crop

PAIRS = Fakes(pairs=True)
MANIPULATED = (slice(24, 40), slice(20, 44))
"""The rows and columns of a drawn face, of side 64, in which a fake differs from its original."""


def real(name: str, frame: int | None = None, left: float = 0.0) -> CropRecord:
    square = (left, 0.0, left + 10, 10.0)
    return CropRecord(crop=name, label="REAL", split="train", video=name[0], frame_index=frame, square=square)


def fake(name: str, original: str | None, frame: int | None = None, left: float = 0.0) -> CropRecord:
    groups = {"original": original} if original else {}
    return real(name, frame, left).model_copy(update={"label": "FAKE", "groups": groups})


def test_each_real_knows_a_crop_of_every_fake_that_was_made_from_its_video() -> None:
    reals = [real("a0", 0), real("b0", 0), real("a9", 9), real("c0", 0)]
    fakes = [fake("x0", "a", 0), fake("x8", "a", 8), fake("y3", "a", 3), fake("z0", "b", 0)]
    pairs = find_pairs([fakes[0], *reals, *fakes[1:]])
    assert pairs.reals == tuple(reals)
    assert [[each.crop for each in partners] for partners in pairs.fakes] == [["x0", "y3"], ["z0"], ["x8", "y3"], []]
    assert pairs.alone == 0


def test_of_two_faces_in_a_frame_the_one_at_the_same_place_is_the_fake() -> None:
    reals = [real("a0", 4, left=0), real("a1", 4, left=100)]
    fakes = [fake("x0", "a", 4, left=97), fake("x1", "a", 4, left=3), fake("x2", "a", 5, left=100)]
    assert [[each.crop for each in partners] for partners in find_pairs([*fakes, *reals]).fakes] == [["x1"], ["x0"]]


def test_a_fake_whose_original_is_not_there_is_counted() -> None:
    pairs = find_pairs([real("a0"), fake("x0", "q"), fake("y0", None), fake("z0", "a")])
    assert [[each.crop for each in partners] for partners in pairs.fakes] == [["z0"]]
    assert pairs.alone == 2


@pytest.fixture
def records(tmp_path: Path) -> list[CropRecord]:
    """Two reals; two fakes of the first one, one of which is a fake of nothing; each differs in a known part."""
    made = [write_crop(tmp_path, name, "REAL", seed=seed) for name, seed in (("a", 1), ("b", 2))]
    for name, original, seed in (("x", "a", 1), ("y", "gone", 3)):
        record = write_crop(tmp_path, name, "FAKE", seed=seed)
        changed = drawn_face(seed)
        changed[MANIPULATED] = 255 - changed[MANIPULATED]
        Image.fromarray(changed).save(tmp_path / record.crop)
        made.append(record.model_copy(update={"groups": {"original": original}}))
    return made


def difference(pair: list[Example]) -> torch.Tensor:
    assert [each.label for each in pair] == [1, 0]
    one, other = (each.image.float() for each in pair)
    return (one - other).abs().amax(0)


def test_a_pair_differs_in_what_was_manipulated_alone(tmp_path: Path, records: list[CropRecord]) -> None:
    dataset = CropDataset(tmp_path, records, 64, augment=None, fakes=PAIRS)
    assert (len(dataset), dataset.labels, dataset.alone, dataset.unpaired) == (2, [1, 1], 1, 1)
    apart = difference(dataset[0])
    inside = torch.zeros(64, 64, dtype=torch.bool)
    inside[MANIPULATED] = True
    assert bool((apart[~inside] == 0).all())
    assert float(apart[inside].min()) > 0
    assert [each.label for each in dataset[1]] == [1]


def test_both_of_a_pair_get_the_same_window_flip_noise_and_colour(tmp_path: Path, records: list[CropRecord]) -> None:
    changes = {
        "window": (0.5, 0.9),
        "flip_horizontal": 0.5,
        "noise": 1.0,
        "colour": 1.0,
        "affine": 1.0,
        "transpose": 0.5,
    }
    augment = AugmentConfig.preset("none").model_copy(update=changes)
    dataset = CropDataset(tmp_path, records, 64, augment=augment, fakes=PAIRS)
    for epoch in range(20):
        dataset.set_epoch(epoch)
        apart = difference(dataset[0])
        assert float((apart == 0).float().mean()) > 0.4, epoch
        assert float(apart.max()) > 20


def test_both_of_a_pair_are_compressed_alike(tmp_path: Path, records: list[CropRecord]) -> None:
    """Blocks that are equal before it are equal after it where the quality is the same; colours reach one pixel on."""
    augment = AugmentConfig.preset("none").model_copy(update={"jpeg": 1.0, "jpeg_quality": (20.0, 90.0)})
    dataset = CropDataset(tmp_path, records, 64, augment=augment, fakes=PAIRS)
    for epoch in range(5):
        dataset.set_epoch(epoch)
        apart = difference(dataset[0])
        assert float(apart[:15].max()) == 0
        assert float(apart[MANIPULATED].mean()) > 10


def test_a_pair_of_which_one_cannot_be_read_is_left_out_whole(tmp_path: Path, records: list[CropRecord]) -> None:
    (tmp_path / records[2].crop).write_bytes(b"no image")
    dataset = CropDataset(tmp_path, records, 32, augment=None, fakes=PAIRS)
    assert dataset[0] == []
    assert collate([dataset[0], dataset[1]]).skipped == 1


def test_every_fake_of_a_real_comes_in_turn(tmp_path: Path, records: list[CropRecord]) -> None:
    second = write_crop(tmp_path, "z", "FAKE", seed=9).model_copy(update={"groups": {"original": "a"}})
    dataset = CropDataset(tmp_path, [*records, second], 32, augment=None, fakes=PAIRS)
    seen = set()
    for epoch in range(30):
        dataset.set_epoch(epoch)
        seen.add(np.ascontiguousarray(dataset[0][1].image.numpy()).tobytes())
    assert len(seen) == 2


def test_a_share_of_the_pairs_and_reals_without_a_fake_are_self_blended(
    tmp_path: Path, records: list[CropRecord]
) -> None:
    dataset = CropDataset(tmp_path, records, 32, augment=None, fakes=Fakes(pairs=True, share=0.25))
    (own,) = (CropDataset(tmp_path, records, 32, augment=None, fakes=PAIRS)[0][1].image,)
    blended = 0
    for epoch in range(200):
        dataset.set_epoch(epoch)
        item = dataset[0]
        assert [each.label for each in item] == [1, 0]
        blended += not torch.equal(item[1].image, own)
    assert 30 <= blended <= 70
    assert [each.label for each in dataset[1]] == [1, 0]
    assert dataset.unpaired == 1


def test_workers_make_the_same_pairs(tmp_path: Path, records: list[CropRecord]) -> None:
    fakes = Fakes(pairs=True, share=0.5)
    dataset = CropDataset(tmp_path, records, 32, augment=AugmentConfig.preset("robust"), fakes=fakes)
    here = [collate([dataset[index]]) for index in range(2)]
    for batch, expected in zip(DataLoader(dataset, collate_fn=collate, num_workers=2), here, strict=True):
        assert torch.equal(batch.images, expected.images)
        assert torch.equal(batch.labels, expected.labels)
