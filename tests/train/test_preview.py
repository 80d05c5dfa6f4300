from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genconvit.core.errors import ConfigError, DatasetError
from genconvit.crops.record import CropRecord
from genconvit.train.augment import AugmentConfig
from genconvit.train.dataset import CropDataset, Fakes
from genconvit.train.preview import write_preview, write_steps

from .faces_on_disk import drawn_face, write_crop

SIDE, WIDE, HIGH = 64, 68, 84


def tile(path: Path, row: int, column: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with Image.open(path) as picture:
        image = np.asarray(picture.convert("RGB"))
    return image[row * HIGH : row * HIGH + SIDE, column * WIDE : column * WIDE + SIDE]


@pytest.fixture
def records(tmp_path: Path) -> list[CropRecord]:
    return [write_crop(tmp_path, str(number), "REAL", seed=number) for number in range(20)]


def test_sixteen_examples_are_drawn(tmp_path: Path, records: list[CropRecord]) -> None:
    dataset = CropDataset(tmp_path, records, SIDE, augment=None)
    path = tmp_path / "preview.png"
    write_preview(dataset, path)
    with Image.open(path) as picture:
        assert picture.size == (4 * WIDE - 4, 4 * HIGH - 4)
    shown = {tile(path, row, column).tobytes() for row in range(4) for column in range(4)}
    assert len(shown) == 16
    assert shown <= {drawn_face(number).tobytes() for number in range(20)}


def test_pairs_are_drawn_beside_each_other_as_they_are_augmented(tmp_path: Path, records: list[CropRecord]) -> None:
    dataset = CropDataset(
        tmp_path, records, SIDE, augment=AugmentConfig.preset("robust"), fakes=Fakes(self_blended=True)
    )
    path = tmp_path / "preview.png"
    write_preview(dataset, path)
    pairs = [[example.image.permute(1, 2, 0).numpy().tobytes() for example in dataset[index]] for index in range(20)]
    for row in range(4):
        assert [tile(path, row, column).tobytes() for column in (0, 1)] in pairs


def test_crops_that_cannot_be_read_are_left_out_unless_it_is_all(tmp_path: Path, records: list[CropRecord]) -> None:
    for record in records[1:]:
        (tmp_path / record.crop).write_bytes(b"")
    path = tmp_path / "preview.png"
    write_preview(CropDataset(tmp_path, records, SIDE, augment=None), path)
    assert tile(path, 0, 0).tobytes() == drawn_face(0).tobytes()
    (tmp_path / records[0].crop).unlink()
    with pytest.raises(DatasetError, match="none of the crops can be read"):
        write_preview(CropDataset(tmp_path, records, SIDE, augment=None), path)


def test_the_steps_to_a_fake_are_a_row_of_five(tmp_path: Path, records: list[CropRecord]) -> None:
    path = tmp_path / "steps.png"
    write_steps(tmp_path, records[:2], path, size=SIDE)
    with Image.open(path) as picture:
        assert picture.size == (5 * WIDE - 4, 2 * HIGH - 4)
    for row in range(2):
        given, _, target, mask, fake = (tile(path, row, column) for column in range(5))
        assert given.tobytes() == drawn_face(row).tobytes()
        np.testing.assert_array_equal(fake[mask == 0], target[mask == 0])
        assert (fake != target).any()


def test_steps_of_nothing_and_a_folder_that_is_not_there_are_refused(tmp_path: Path, records: list[CropRecord]) -> None:
    with pytest.raises(ConfigError, match="at least one"):
        write_steps(tmp_path, [], tmp_path / "steps.png")
    with pytest.raises(ConfigError, match=r"missing/steps\.png' cannot be written: No such file"):
        write_steps(tmp_path, records[:1], tmp_path / "missing" / "steps.png")
