"""Crops that are the same picture under two names, told by their bytes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from genconvit.core.errors import DatasetError
from genconvit.core.files import sha256_of_file
from genconvit.crops.record import CropRecord


def refuse_shared(root: Path, records: Iterable[CropRecord]) -> None:
    """Make sure that no crop lies in two splits by its content: a network knows again what it was trained on.

    Files of one size are compared, and only where they lie in several splits.

    Raises:
        DatasetError: a crop does; names two of its places.
        OSError: a file cannot be read.
    """
    sized: dict[int, list[CropRecord]] = defaultdict(list)
    for record in records:
        sized[(root / record.crop).stat().st_size].append(record)
    first: dict[str, CropRecord] = {}
    shared: list[tuple[str, str]] = []
    for same_size in sized.values():
        if len({record.split for record in same_size}) == 1:
            continue
        for record in same_size:
            known = first.setdefault(sha256_of_file(root / record.crop), record)
            if known.split != record.split:
                shared.append((known.crop, record.crop))
    if shared:
        one, other = shared[0]
        raise DatasetError(
            f"{str(root)!r} holds {len(shared)} crops of one split in another as well, the first {one!r} as {other!r}, "
            "byte for byte: what is learned from the one says nothing on the other; take them out of one of the two"
        )
