"""What an extraction came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from genconvit.core.config import FrozenConfig
from genconvit.core.left_out import LeftOut
from genconvit.crops.record import CLASSES, SPLITS, Split
from genconvit.extract.journal import VideoEntry
from genconvit.results.result import Label


class PartCount(FrozenConfig):
    """How much there is of a class in a split.

    Attributes:
        split: which part.
        label: which class.
        videos: those with a crop.
        crops: of them.
    """

    split: Split
    label: Label
    videos: int
    crops: int


class ExtractSummary(FrozenConfig):
    """What a run did, and what the folder holds after it.

    Attributes:
        parts: everything in the folder, that of other data sets and of earlier runs included.
        done: how many videos were done now, with or without a face.
        kept: how many were done before.
        moved: how many of those went to another split.
        no_face: the videos of this data set in which no face was found, now or before.
        unreadable: those that cannot be read, now or before.
        unlabelled: how many were left out since they have no label.
        notes: what a reader must know.
        manifests: the files with all crops.
    """

    parts: tuple[PartCount, ...]
    done: int
    kept: int
    moved: int
    no_face: tuple[str, ...]
    unreadable: tuple[LeftOut, ...]
    unlabelled: int
    notes: tuple[str, ...]
    manifests: tuple[str, ...]


def lopsided(parts: Iterable[PartCount]) -> list[str]:
    """What to say of splits in which one class alone has crops."""
    crops = {(part.split, part.label): part.crops for part in parts}
    return [
        f"{split} holds no {label} crop, and a training needs both classes there"
        + (", or makes fakes of the reals (--self-blended)" if label == "FAKE" else "")
        for split in SPLITS
        for label in CLASSES
        if not crops[split, label] and any(crops[split, other] for other in CLASSES)
    ]


def count_parts(entries: Iterable[VideoEntry]) -> tuple[PartCount, ...]:
    """What there is of each class in each split; 0 where there is nothing."""
    videos: Counter[tuple[Split, Label]] = Counter()
    crops: Counter[tuple[Split, Label]] = Counter()
    for entry in entries:
        videos[entry.split, entry.label] += bool(entry.faces)
        crops[entry.split, entry.label] += len(entry.faces)
    return tuple(
        PartCount(split=split, label=label, videos=videos[split, label], crops=crops[split, label])
        for split in SPLITS
        for label in CLASSES
    )
