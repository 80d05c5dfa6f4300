from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genconvit.core.errors import ConfigError
from genconvit.runtimes.int8_crops import FEWEST, MOST, hash_of_crops, read_int8_crops


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of grey crops, each of its own brightness, and a file that is no image."""
    for number in range(10):
        Image.new("RGB", (40, 40), (number, number, number)).save(tmp_path / f"{number}.png")
    (tmp_path / "manifest.csv").write_text("crop\n")
    return tmp_path


def test_every_other_crop_of_a_folder_is_held_back(folder: Path) -> None:
    crops = read_int8_crops(str(folder), 32)
    assert crops.fitted.shape == crops.held_back.shape == (5, 32, 32, 3)
    assert [int(crop.max()) for crop in crops.fitted] == [0, 2, 4, 6, 8]
    assert [int(crop.max()) for crop in crops.held_back] == [1, 3, 5, 7, 9]
    assert crops.name == folder.name
    assert crops.sha256 == hash_of_crops(str(folder))


def test_crops_lie_in_folders_as_extract_writes_them(folder: Path, tmp_path: Path) -> None:
    flat = read_int8_crops(str(folder), 32)
    nested = tmp_path / "nested"
    for number, file in enumerate(sorted(folder.iterdir())):
        target = nested / "train" / ("fake" if number < 5 else "real") / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    (nested / "manifest.csv").touch()
    found = read_int8_crops(str(nested), 32)
    assert np.array_equal(found.fitted, flat.fitted)
    assert np.array_equal(found.held_back, flat.held_back)


def test_the_portraits_crops_are_the_same_each_time() -> None:
    crops, again = read_int8_crops(None, 48), read_int8_crops(None, 48)
    assert "public domain" in crops.name
    assert np.array_equal(crops.fitted, again.fitted)
    assert crops.sha256 == again.sha256
    assert not np.array_equal(crops.fitted, crops.held_back)
    assert hash_of_crops(None) == "portrait"


def test_other_crops_have_another_hash(folder: Path) -> None:
    before = hash_of_crops(str(folder))
    Image.new("RGB", (40, 40), (99, 9, 9)).save(folder / "3.png")
    assert hash_of_crops(str(folder)) != before


def test_of_many_crops_some_are_taken(tmp_path: Path) -> None:
    for number in range(MOST + 30):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{number:04}.png")
    crops = read_int8_crops(str(tmp_path), 8)
    assert len(crops.fitted) + len(crops.held_back) == MOST


def test_too_few_crops_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"holds 0 images, where at least {FEWEST} are needed; give a folder"):
        read_int8_crops(str(tmp_path), 32)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"int8_crops='.*none' cannot be read \(No such file or directory\)"):
        read_int8_crops(str(tmp_path / "none"), 32)


def test_an_image_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "4.png").write_bytes(b"damaged")
    with pytest.raises(ConfigError, match=r"int8_crops: .*4\.png: .*; take this file out of the folder"):
        read_int8_crops(str(folder), 32)


def test_an_image_that_is_no_square_is_named(folder: Path) -> None:
    Image.new("RGB", (40, 30)).save(folder / "4.png")
    with pytest.raises(ConfigError, match=r"4\.png has 40 x 30 pixels, and a face crop is a square"):
        read_int8_crops(str(folder), 32)
