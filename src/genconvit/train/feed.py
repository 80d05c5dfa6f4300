"""Batches from the records of a folder, for one of several processes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from torch.utils.data import DataLoader, Dataset

from genconvit.core.cores import usable_cores
from genconvit.crops.record import CropRecord
from genconvit.train.dataset import Example, collate
from genconvit.train.sampler import Key

MOST_WORKERS = 8


class Examples(Protocol):
    """Examples of a training; ``genconvit.train.dataset.CropDataset`` is one.

    Attributes:
        labels: label of every example, 0 for fake and 1 for real.
    """

    labels: list[int]

    def set_epoch(self, epoch: int) -> None:
        """Let the examples be those of another epoch."""

    def __getitem__(self, index: int) -> list[Example]:
        """One example, or the two of a pair, or none where the image cannot be read."""


class Keyed(Dataset[list[Example]]):
    """Examples by epoch and index, so that workers that live for several epochs know which one it is."""

    def __init__(self, examples: Examples) -> None:
        self.examples = examples
        self.epoch: int | None = None

    def __getitem__(self, key: Key) -> list[Example]:
        epoch, index = key
        if epoch != self.epoch:
            self.examples.set_epoch(epoch)
            self.epoch = epoch
        return self.examples[index]


def loader(examples: Examples, batches: Iterable[list[Key]], workers: int, *, pin: bool) -> DataLoader[list[Example]]:
    """Batches in their order, read by worker processes ahead of time.

    Args:
        examples: examples that the batches are made of.
        batches: the keys of each, with a length.
        workers: number of worker processes; 0 reads in this one.
        pin: put them into memory that a GPU can fetch from by itself.
    """
    return DataLoader(
        Keyed(examples),
        batch_sampler=batches,
        num_workers=workers,
        collate_fn=collate,
        pin_memory=pin,
    )


def worker_count(asked: int | None, processes: int) -> int:
    """Give the number of workers of each process: as asked for, or one for each core of its share."""
    if asked is not None:
        return asked
    return max(1, min(MOST_WORKERS, usable_cores() // processes))


def fingerprint(root: Path, records: Sequence[CropRecord]) -> str:
    """SHA-256 of what the data are: every record, and the size of its image, in any order.

    A missing image counts as one of size 0.
    """
    digest = hashlib.sha256()
    for record in sorted(records, key=lambda each: each.crop):
        path = root / record.crop
        size = path.stat().st_size if path.is_file() else 0
        digest.update(f"{record.model_dump_json()} {size}\n".encode())
    return digest.hexdigest()
