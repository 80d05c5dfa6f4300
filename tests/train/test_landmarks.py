from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from PIL import Image

from genconvit.core.progress import no_progress
from genconvit.core.types import DetectedFace, ImageArray
from genconvit.crops.record import CropRecord
from genconvit.data.sample import FACE, portrait
from genconvit.faces.base import FaceDetector
from genconvit.faces.mtcnn import MTCNNDetector
from genconvit.train import landmarks as module
from genconvit.train.landmarks import find_landmarks, lacking, landmarks_of, with_landmarks

from .faces_on_disk import LANDMARKS, write_crop

CPU = torch.device("cpu")


class Fixed(FaceDetector):
    """Finds a small face and a larger one at fixed places, but none in a black image."""

    name = "fixed"
    searched: ClassVar[list[tuple[int, ...]]] = []

    def __init__(self, model: Path | None, device: torch.device) -> None:
        del model, device

    def detect(self, images: Sequence[ImageArray]) -> list[list[DetectedFace]]:
        Fixed.searched += [image.shape for image in images]
        points = np.array([(40, 40), (80, 40), (60, 60), (45, 80), (75, 80)], np.float32)
        small = DetectedFace((0.0, 0.0, 20.0, 20.0), 1.0, points - 30)
        large = DetectedFace((20.0, 20.0, 100.0, 100.0), 0.9, points)
        return [[small, large] if image.any() else [] for image in images]


@pytest.fixture
def fixed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    monkeypatch.setattr("genconvit.faces.mtcnn.MTCNNDetector", Fixed)
    monkeypatch.setattr(Fixed, "searched", [])
    return Fixed.searched


def test_the_librarys_detector_finds_the_landmarks_of_a_tight_crop() -> None:
    left, top, right, bottom = (round(each) for each in FACE)
    crop = np.ascontiguousarray(portrait()[top:bottom, left:right])
    (points,) = find_landmarks([crop], MTCNNDetector(None, CPU))
    assert len(points) == 5
    eyes, mouth = points[:2], points[3:]
    side = len(crop)
    assert eyes[0][0] < points[2][0] < eyes[1][0]
    assert max(y for _, y in eyes) < points[2][1] < min(y for _, y in mouth)
    assert all(0 < value < side for point in points for value in point)


def test_the_largest_face_counts_and_its_points_are_in_the_crops_pixels() -> None:
    wide = np.full((112, 224, 3), 9, np.uint8)
    small, black = np.full((60, 60, 3), 9, np.uint8), np.zeros((60, 60, 3), np.uint8)
    found = find_landmarks([wide, small, black], Fixed(None, CPU))
    assert [points[:1] for points in found] == [((24.0, 24.0),), ((25.0, 25.0),), ()]


def test_a_crop_is_searched_reduced_with_a_border_of_its_edge_pixels(fixed: list[tuple[int, ...]]) -> None:
    find_landmarks([np.ones((448, 448, 3), np.uint8)], Fixed(None, CPU))
    assert fixed == [(168, 168, 3)]


@pytest.fixture
def records(tmp_path: Path) -> list[CropRecord]:
    return [
        write_crop(tmp_path, "known", "REAL"),
        write_crop(tmp_path, "a", "REAL", landmarks=(), side=112),
        write_crop(tmp_path, "line", "REAL", landmarks=(LANDMARKS[0],) * 5, side=112),
        write_crop(tmp_path, "fake", "FAKE", landmarks=()),
    ]


def found_in(root: Path, records: Sequence[CropRecord], fingerprint: str = "f", progress: Any = no_progress) -> Any:
    kept = root / "landmarks.json"
    return landmarks_of(root, records, kept, fingerprint, device=CPU, progress=progress)


def test_reals_without_an_outline_lack_landmarks(records: list[CropRecord]) -> None:
    assert [record.video for record in lacking(records)] == ["a", "line"]


def test_they_are_found_once_and_read_by_the_next_run(
    tmp_path: Path, records: list[CropRecord], fixed: list[tuple[int, ...]]
) -> None:
    told = []

    def progress(items: Iterable[Any], count: int, description: str) -> Iterable[Any]:
        told.append((count, description))
        return items

    bare = list(lacking(records))
    first = found_in(tmp_path, bare, progress=progress)
    assert set(first) == {record.crop for record in bare}
    assert (len(fixed), told) == (2, [(1, "finding landmarks of 2 crops")])
    assert found_in(tmp_path, bare, progress=progress) == first
    assert len(fixed) == 2
    assert json.loads((tmp_path / "landmarks.json").read_text())["fingerprint"] == "f"
    filled = with_landmarks(records, first)
    assert [record.landmarks for record in filled] == [LANDMARKS, first[bare[0].crop], first[bare[1].crop], ()]
    assert list(lacking(filled)) == []


@pytest.mark.parametrize("damage", ["other data", "broken", "fewer"])
def test_what_belongs_to_other_data_or_is_damaged_is_found_again(
    tmp_path: Path, records: list[CropRecord], fixed: list[tuple[int, ...]], damage: str
) -> None:
    bare = list(lacking(records))
    first = found_in(tmp_path, bare[:1] if damage == "fewer" else bare, "g" if damage == "other data" else "f")
    if damage == "broken":
        (tmp_path / "landmarks.json").write_text('{"fingerprint": "f", "found"')
    count = len(fixed)
    again = found_in(tmp_path, bare)
    assert len(fixed) == count + 2
    assert again.items() >= first.items()
    assert found_in(tmp_path, bare) == again
    assert len(fixed) == count + 2


def test_what_cannot_be_read_or_shows_no_face_has_none(
    tmp_path: Path, records: list[CropRecord], fixed: list[tuple[int, ...]]
) -> None:
    (tmp_path / records[1].crop).write_bytes(b"no image")
    Image.new("RGB", (64, 64)).save(tmp_path / records[2].crop)
    found = found_in(tmp_path, list(lacking(records)))
    assert list(found.values()) == [(), ()]
    assert with_landmarks(records, found) == records
    assert len(fixed) == 1


def test_many_crops_go_in_several_batches(
    tmp_path: Path, records: list[CropRecord], fixed: list[tuple[int, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 1)
    assert len(found_in(tmp_path, list(lacking(records)))) == len(fixed) == 2
