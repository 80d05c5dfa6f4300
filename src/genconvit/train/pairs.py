"""Pairs of a real and the fakes that were made from it, which a training on pairs shows side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from genconvit.crops.record import ORIGINAL, CropRecord


@dataclass(frozen=True)
class Pairs:
    """The real crops of a split, each with the fakes that it may be shown beside.

    Attributes:
        reals: every real crop, in the order of the records.
        fakes: crops for each real: one of every fake made from its video, the nearest in time; may be empty.
        alone: number of fake crops that have no original among the records, so that they are never shown.
    """

    reals: tuple[CropRecord, ...]
    fakes: tuple[tuple[CropRecord, ...], ...]
    alone: int


def find_pairs(records: Sequence[CropRecord]) -> Pairs:
    """Find the fakes of each real crop, by the group ``original`` of the fakes and the video of the reals."""
    reals = tuple(record for record in records if record.label == "REAL")
    fakes = [record for record in records if record.label == "FAKE"]
    made: defaultdict[str, defaultdict[str, list[CropRecord]]] = defaultdict(lambda: defaultdict(list))
    for record in fakes:
        if ORIGINAL in record.groups:
            made[record.groups[ORIGINAL]][record.video].append(record)
    known = {record.video for record in reals}
    return Pairs(
        reals=reals,
        fakes=tuple(tuple(_nearest(real, crops) for crops in made[real.video].values()) for real in reals),
        alone=sum(record.groups.get(ORIGINAL) not in known for record in fakes),
    )


def _nearest(real: CropRecord, crops: Sequence[CropRecord]) -> CropRecord:
    """The crop of a fake that is nearest in time, of the same place among several."""
    return min(crops, key=lambda crop: (abs((crop.frame_index or 0) - (real.frame_index or 0)), _distance(real, crop)))


def _distance(real: CropRecord, fake: CropRecord) -> float:
    """Measure the distance of two squares' centres, in pixels: two people of one frame are not each other's fake."""
    if real.square is None or fake.square is None:
        return 0.0
    ones, others = real.square, fake.square
    return sum(abs(ones[side] + ones[side + 2] - others[side] - others[side + 2]) / 2 for side in (0, 1))
