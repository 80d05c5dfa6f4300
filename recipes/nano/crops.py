"""Make a folder of crops that `genconvit train` reads, from packed pairs.

The pack holds train.zip, valid.zip and test.zip, and a manifest.csv with the columns crop, label, video, original,
part, split and face_width: one face a video, 224 x 224, with the original of each fake and the part of the data set
that it is from.
"""

import csv
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genconvit.crops.manifest import CSV_NAME, write_manifest
from genconvit.crops.record import SPLITS, CropRecord, Split

LEFT_OUT = frozenset({"38"})
"""Parts of the training split beside the validation's, which may share an actor with it."""

MOST_BYTES = 1 << 30
"""A pack that unpacks to more than this is not what is described above."""


def unpack(pack: Path, crops: Path, splits: Sequence[Split] = SPLITS) -> int:
    """Unpack the crops of some splits beside a manifest of the library's; returns how many. What is there stays."""
    with (pack / CSV_NAME).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] in splits and not is_left_out(row)]
    if (crops / CSV_NAME).exists():
        return len(rows)
    crops.mkdir(parents=True, exist_ok=True)
    for split in splits:
        with zipfile.ZipFile(pack / f"{split}.zip") as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                raise SystemExit(f"{archive.filename} unpacks to more than {MOST_BYTES >> 30} GiB")
            archive.extractall(crops)
    write_manifest(crops, [record_of(row) for row in rows])
    return len(rows)


def is_left_out(row: dict[str, Any]) -> bool:
    """Tell whether a row is of a part that no training sees, for its actors may be among the validation's."""
    return row["split"] == "train" and row["part"] in LEFT_OUT


def record_of(row: dict[str, Any]) -> CropRecord:
    """A row of the pack as the library's manifest has it: the original and the part are groups."""
    return CropRecord(
        crop=row["crop"],
        label=row["label"],
        split=row["split"],
        video=row["video"],
        groups={"original": row["original"], "part": row["part"], "face_width": row["face_width"]},
    )
