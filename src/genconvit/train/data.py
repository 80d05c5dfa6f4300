"""The examples of a training, from its folder of crops."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from genconvit.crops.folder import need, read_crops
from genconvit.result import Label
from genconvit.train.config import TrainConfig
from genconvit.train.dataset import CropDataset
from genconvit.train.feed import fingerprint
from genconvit.train.preview import write_preview


@dataclass(frozen=True, eq=False)
class Data:
    """What a training sees.

    Attributes:
        train: the training split, augmented.
        valid: the valid split as it is; where fakes are self-blended and it has none of its own, with the same ones
            every time.
        fingerprint: SHA-256 of the records of both, and of the sizes of their images.
        notes: what is left out, or guessed.
    """

    train: CropDataset
    valid: CropDataset
    fingerprint: str
    notes: tuple[str, ...] = ()

    def write_preview(self, path: Path) -> None:
        """Draw sixteen examples as the network is going to see them."""
        write_preview(self.train, path)


def read_data(config: TrainConfig, size: int) -> Data:
    """The splits of a folder, once both classes are known to be in them.

    Args:
        config: of the training.
        size: height and width of an example in pixels.

    Raises:
        DatasetError: the folder cannot be read, or lacks a split or a class.
    """
    root, blended = Path(config.data), config.self_blended
    folder = read_crops(root)
    labels: tuple[Label, ...] = ("REAL",) if blended else ("FAKE", "REAL")
    train, valid = need(folder.records, "train", labels), need(folder.records, "valid", labels)
    alone = blended and all(record.label == "REAL" for record in valid)
    shown = CropDataset(
        root, train, size, augment=config.augment, self_blended=blended, blend=config.blend, seed=config.seed
    )
    notes = []
    if folder.skipped:
        first = folder.skipped[0]
        notes.append(f"left out of {config.data!r}: {len(folder.skipped)}, the first {first.name} ({first.reason})")
    if shown.guessed:
        notes.append(f"{shown.guessed} of {len(train)} crops have no landmarks: their fakes have an ellipse as mask")
    return Data(
        train=shown,
        valid=CropDataset(root, valid, size, augment=None, self_blended=alone, blend=config.blend, seed=config.seed),
        fingerprint=fingerprint(root, [*train, *valid]),
        notes=tuple(notes),
    )
