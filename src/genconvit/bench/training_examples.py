"""Speed at which one core makes examples for a training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from PIL import Image

from genconvit.bench.bench_result import StageTiming
from genconvit.bench.timing import time_in_turn
from genconvit.crops.record import CropRecord
from genconvit.data.sample import FACE, LANDMARKS, portrait
from genconvit.train.augment import AugmentConfig
from genconvit.train.dataset import CropDataset, Fakes

SIZES = (128, 224)
FACES = 64


def example_rows(repeats: int, *, sizes: Sequence[int] = SIZES, faces: int = FACES) -> list[StageTiming]:
    """Measure augmentation and self-blended pairs, each beside reading and resizing the same crops.

    Args:
        repeats: number of times that everything is measured.
        sizes: sides of an example, in pixels.
        faces: number of crops that a run goes through.
    """
    threads = torch.get_num_threads()
    with TemporaryDirectory() as folder:
        Image.fromarray(portrait()).crop(FACE).save(Path(folder, "face.png"))
        record = CropRecord(crop="face.png", label="REAL", split="train", video="face", landmarks=LANDMARKS)
        torch.set_num_threads(1)
        try:
            return [row for size in sizes for row in _rows(Path(folder), [record] * faces, size, repeats)]
        finally:
            torch.set_num_threads(threads)


def _rows(folder: Path, records: list[CropRecord], size: int, repeats: int) -> list[StageTiming]:
    read = CropDataset(folder, records, size, augment=None)
    augmented = CropDataset(folder, records, size, augment=AugmentConfig.preset("robust"))
    blended = CropDataset(folder, records, size, augment=None, fakes=Fakes(self_blended=True))
    times = time_in_turn(
        {"read": lambda: _make(read), "augment": lambda: _make(augmented), "self-blend": lambda: _make(blended)},
        repeats,
    )
    return [
        StageTiming(
            stage=stage,
            setting=f"one core, {size} px, {setting}",
            amount=len(records),
            unit=unit,
            seconds=times.seconds(stage),
            floor="reading and resizing",
            ratio=times.ratio(stage, "read"),
        )
        for stage, setting, unit in (("augment", "robust", "faces"), ("self-blend", "without augmentation", "pairs"))
    ]


def _make(dataset: CropDataset) -> None:
    for index in range(len(dataset)):
        dataset[index]
