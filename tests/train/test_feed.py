from __future__ import annotations

from pathlib import Path

import pytest
import torch

from genconvit.crops.folder import read_crops
from genconvit.train.dataset import Example
from genconvit.train.feed import fingerprint, loader, worker_count

from .small import make_crops


class Counting:
    """Examples whose pixels say which epoch and index they are of; the third of each epoch cannot be read."""

    def __init__(self) -> None:
        self.labels = [0, 1, 1]
        self.epoch = -1

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __getitem__(self, index: int) -> list[Example]:
        image = torch.full((3, 1, 1), 10 * self.epoch + index, dtype=torch.uint8)
        return [Example(image, self.labels[index])] if index < 2 else []


def test_workers_that_live_for_several_epochs_know_which_one_it_is() -> None:
    batches = [[(0, 1), (0, 0)], [(0, 2), (1, 1)], [(2, 2)], [(2, 0)]]
    found = list(loader(Counting(), batches, 2, pin=False))
    assert [batch.images.flatten()[::3].tolist() for batch in found] == [[1, 0], [11], [], [20]]
    assert [batch.skipped for batch in found] == [0, 1, 1, 0]


def test_the_fingerprint_follows_records_and_sizes_but_no_order(tmp_path: Path) -> None:
    make_crops(tmp_path)
    records = read_crops(tmp_path).records
    first = fingerprint(tmp_path, records)
    assert fingerprint(tmp_path, records[::-1]) == first
    assert fingerprint(tmp_path, records[1:]) != first
    other = records[0].model_copy(update={"label": "REAL" if records[0].label == "FAKE" else "FAKE"})
    assert fingerprint(tmp_path, [other, *records[1:]]) != first
    with (tmp_path / records[0].crop).open("ab") as file:
        file.write(b"more")
    assert fingerprint(tmp_path, records) != first


def test_workers_are_as_asked_for_or_fit_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genconvit.train.feed.usable_cores", lambda: 6)
    assert worker_count(0, 4) == 0
    assert worker_count(None, 1) == 6
    assert worker_count(None, 2) == 3
    assert worker_count(None, 1000) == 1
    monkeypatch.setattr("genconvit.train.feed.usable_cores", lambda: 64)
    assert worker_count(None, 1) == 8
