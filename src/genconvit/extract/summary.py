"""Summary of an extraction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from genconvit.core.config import FrozenConfig
from genconvit.core.left_out import LeftOut
from genconvit.crops.record import CLASSES, SPLITS, Split
from genconvit.extract.journal import VideoEntry
from genconvit.results.result import Label


class PartCount(FrozenConfig):
    """Numbers of a class in a split."""

    split: Split
    """Name of the split."""

    label: Label
    """Label of the class."""

    videos: int
    """Number of videos with a crop."""

    crops: int
    """Number of crops."""


class ExtractSummary(FrozenConfig):
    """Summary of a run, and of what the folder holds after it."""

    parts: tuple[PartCount, ...]
    """Everything in the folder, that of other data sets and of earlier runs included."""

    done: int
    """Number of videos that were done now, with or without a face."""

    kept: int
    """Number of videos that were done before."""

    moved: int
    """Number of videos done before that went to another split."""

    no_face: tuple[str, ...]
    """The videos of this data set in which no face was found, now or before."""

    unreadable: tuple[LeftOut, ...]
    """Videos that cannot be read, now or before."""

    unlabelled: int
    """Number of videos that were left out since they have no label."""

    notes: tuple[str, ...]
    """Notes that a reader must know."""

    manifests: tuple[str, ...]
    """The files with all crops."""


def lopsided(parts: Iterable[PartCount]) -> list[str]:
    """Note the splits in which one class alone has crops."""
    crops = {(part.split, part.label): part.crops for part in parts}
    return [
        f"{split} holds no {label} crop, and a training needs both classes there"
        + (", or makes fakes of the reals (--self-blended)" if label == "FAKE" else "")
        for split in SPLITS
        for label in CLASSES
        if not crops[split, label] and any(crops[split, other] for other in CLASSES)
    ]


def count_parts(entries: Iterable[VideoEntry]) -> tuple[PartCount, ...]:
    """Count the crops and videos of each class in each split; 0 where there is nothing."""
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
