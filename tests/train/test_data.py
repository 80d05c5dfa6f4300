from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from genconvit.core.errors import ConfigError
from genconvit.crops.folder import read_crops
from genconvit.crops.manifest import write_manifest
from genconvit.crops.record import CropRecord, Point
from genconvit.models.base import Architecture
from genconvit.models.timm import TimmConfig
from genconvit.models.v2 import V2Config
from genconvit.train.config import TrainConfig
from genconvit.train.data import Data, read_data

from .faces_on_disk import LANDMARKS, write_crop
from .small import Small, SmallConfig


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two reals and two fakes a split, with pairs and methods; the reals have no landmarks."""
    records: list[CropRecord] = []
    for split in ("train", "valid"):
        for name, original, method in (("a", None, None), ("b", None, None), ("x", "a", "one"), ("y", "a", "two")):
            landmarks = LANDMARKS if original else ()
            record = write_crop(tmp_path, f"{name}-{split}", "FAKE" if original else "REAL", landmarks=landmarks)
            groups = {"original": f"{original}-{split}", "method": str(method)} if original else {}
            records.append(record.model_copy(update={"split": split, "groups": groups}))
    write_manifest(tmp_path, records)
    return tmp_path


def none_found(_records: Sequence[CropRecord], _fingerprint: str) -> Mapping[str, tuple[Point, ...]]:
    raise AssertionError("nobody asked for landmarks")


def read(folder: Path, find: Any = none_found, model: Architecture | None = None, **options: Any) -> Data:
    return read_data(TrainConfig(data=str(folder), **options), model or Small(SmallConfig(input_size=32)), find)


def on_meta(config: Any) -> Architecture:
    with torch.device("meta"):
        model: Architecture = config.build()
    return model


def test_pairs_are_shown_in_training_and_single_crops_in_validation(folder: Path) -> None:
    data = read(folder, pairs=True)
    assert [len(data.train), len(data.valid)] == [2, 4]
    assert [each.label for each in data.train[0]] == [1, 0]
    assert data.unseen is None
    assert data.notes == ("reals of the training split of which it has no fake: 1",)


def rewrite(folder: Path, change: Callable[[CropRecord], CropRecord | None]) -> None:
    """Write the manifest anew."""
    write_manifest(folder, [new for record in read_crops(folder).records if (new := change(record)) is not None])


def test_without_a_pair_there_is_an_error(folder: Path) -> None:
    rewrite(folder, lambda record: record.model_copy(update={"groups": {"original": "gone"}}))
    with pytest.raises(ConfigError, match=r"no fake of the training split .* names an original .*group_original"):
        read(folder, pairs=True)


@pytest.mark.parametrize(
    "options", [{"self_blended": True}, {"self_blended_share": 0.5}, {"pairs": True, "self_blended_share": 0.5}]
)
def test_landmarks_are_asked_for_once_where_fakes_are_made_of_crops_that_have_none(
    folder: Path, options: dict[str, Any]
) -> None:
    asked: list[tuple[list[str], str]] = []

    def find(records: Sequence[CropRecord], fingerprint: str) -> Mapping[str, tuple[Point, ...]]:
        asked.append(([record.video for record in records], fingerprint))
        return {records[0].crop: LANDMARKS, records[1].crop: ()}

    data = read(folder, find, **options)
    assert asked == [(["a-train", "b-train"], data.fingerprint)]
    assert data.fingerprint == read(folder).fingerprint
    assert data.notes[-2:] == (
        "reals without landmarks in the manifest: 2; the face detector mtcnn found those of 1",
        "reals without landmarks: 1; the fakes made of them have an ellipse as mask",
    )
    reals = [record for record in data.train.records if record.label == "REAL"]
    assert [record.landmarks for record in reals] == [LANDMARKS, ()]


def test_self_blended_fakes_of_the_valid_split_get_landmarks_too(folder: Path) -> None:
    rewrite(folder, lambda record: None if (record.label, record.split) == ("FAKE", "valid") else record)
    asked: list[str] = []

    def find(records: Sequence[CropRecord], _: str) -> Mapping[str, tuple[Point, ...]]:
        asked.extend(record.video for record in records)
        return {record.crop: LANDMARKS for record in records}

    data = read(folder, find, self_blended=True)
    assert asked == ["a-train", "b-train", "a-valid", "b-valid"]
    assert data.notes == ("reals without landmarks in the manifest: 4; the face detector mtcnn found those of 4",)


def test_held_out_fakes_are_nobodys_partner_and_are_measured_apart(folder: Path) -> None:
    data = read(folder, pairs=True, hold_out={"method": "one"})
    assert data.unseen is not None
    assert [record.video for record in data.unseen.records] == ["x-valid"]
    assert [record.video for record in data.valid.records] == ["a-valid", "b-valid", "y-valid"]
    assert [[each.video for each in partners] for partners in data.train._partners] == [["y-train"], []]
    assert data.notes[0] == (
        "held out, method=one: crops of the training split, which are never shown: 1; "
        "fakes of the valid split, which are measured apart: 1"
    )
    assert data.fingerprint == read(folder).fingerprint


@pytest.mark.parametrize(
    ("config", "size", "message"),
    [
        (
            V2Config(size="nano", mode="ed"),
            96,
            "image_size=96 is no size that .*'v2' can be trained at: it takes 128 alone",
        ),
        (TimmConfig(backbone="test_resnet", image_size=64), 100, r"image_size=100 .*it takes a multiple of 32"),
    ],
)
def test_a_size_that_the_network_does_not_take_is_refused(folder: Path, config: Any, size: int, message: str) -> None:
    name = "v2" if isinstance(config, V2Config) else "timm"
    with pytest.raises(ConfigError, match=message):
        read(folder, model=on_meta(config), architecture=name, image_size=size)


def test_examples_are_of_another_size_in_training_alone(folder: Path) -> None:
    model = on_meta(TimmConfig(backbone="test_resnet", image_size=64))
    data = read(folder, model=model, architecture="timm", image_size=32)
    assert (data.train[0][0].image.shape, data.valid[0][0].image.shape) == ((3, 32, 32), (3, 64, 64))
    same = read(folder, model=on_meta(V2Config(size="nano", mode="ed")), architecture="v2", image_size=128)
    assert same.train[0][0].image.shape == (3, 128, 128)
