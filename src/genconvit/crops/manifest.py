"""The manifest of a folder of crops: a row a crop, as CSV for people and as Parquet for whoever reads millions."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from genconvit.core.config import validation_message
from genconvit.core.errors import DatasetError
from genconvit.core.files import written_whole
from genconvit.core.optional import require
from genconvit.core.text import FORMULA_SIGNS, first_line
from genconvit.crops.record import SPLITS, CropRecord, Split
from genconvit.data.label_files import MOST_BYTES, inside, label_of, text_lines

CSV_NAME = "manifest.csv"
PARQUET_NAME = "manifest.parquet"
SPLIT_FOLDERS: dict[str, Split] = {**{split: split for split in SPLITS}, "val": "valid", "validation": "valid"}
"""Names that a split may have, lower case."""

MOST_ROWS = 20_000_000
_FARTHEST_PX = 1e7
_SIDES = ("left", "top", "right", "bottom")
_TEXTS = ("crop", "label", "split", "video")
_BOX, _SQUARE = ([f"{what}_{side}" for side in _SIDES] for what in ("box", "square"))
_NUMBERS = ("frame_index", "track", *_BOX, *_SQUARE, "confidence")
_NEEDED = ("crop", "label", "split")
_GROUP = "group_"
_MOST_LANDMARKS = 1000
_ROWS_AT_ONCE = 10_000

ManifestRow = tuple[str, CropRecord]
"""Place of a row, for messages, and its record."""

Row = Mapping[str, Any]
"""Cells by column."""

WriteRows = Callable[[Sequence[Row]], None]


def write_manifest(root: Path, records: Iterable[CropRecord]) -> list[Path]:
    """Write ``manifest.csv`` and, where pyarrow is installed, ``manifest.parquet``, each whole or not at all.

    Both have the same rows and columns: ``crop``, ``label``, ``split``, ``video``, ``frame_index``, ``track``,
    ``box_left`` to ``box_bottom``, ``square_left`` to ``square_bottom``, ``confidence``, ``landmark_0_x``,
    ``landmark_0_y`` and so on, and ``group_<key>``. What is not known is empty, and so is an empty group. In the CSV
    a text that a spreadsheet would take for a formula has a ``'`` in front.

    Args:
        root: the folder of the crops; it must be there.
        records: the rows, in their order; iterated twice, and never held all at once.

    Returns:
        The files that were written. A ``manifest.parquet`` of before that could not be is gone.

    Raises:
        OSError: a file cannot be written.
        TypeError: the records are an iterator, which is iterated once alone.
    """
    if isinstance(records, Iterator):
        raise TypeError("records are an iterator, and are iterated twice; give a list, or an object that begins anew")
    numbers, groups = _further_columns(records)
    parts = _parts(map(_row, records))
    with ExitStack() as stack:
        write = [stack.enter_context(_csv_writer(root / CSV_NAME, [*_TEXTS, *_NUMBERS, *numbers, *groups]))]
        if find_spec("pyarrow") is None:
            (root / PARQUET_NAME).unlink(missing_ok=True)
        else:
            write.append(stack.enter_context(_parquet_writer(root / PARQUET_NAME, [*_NUMBERS, *numbers], groups)))
        for part in parts:
            for each in write:
                each(part)
    return [root / CSV_NAME, root / PARQUET_NAME][: len(write)]


def read_manifest(root: Path) -> Iterator[ManifestRow] | None:
    """The rows of a folder's manifest, the CSV where both are there; None where neither is.

    Columns that ``write_manifest`` does not name are passed over; ``crop``, ``label`` and ``split`` must be there.
    Where ``video`` is not, each crop is a video of its own.

    Raises:
        ConfigError: there is a Parquet file alone, and no pyarrow.
        DatasetError: the manifest cannot be read or is too long; a row has a value that is not allowed, or a path that
            leads out of the folder.
    """
    if os.path.lexists(root / CSV_NAME):
        return _read_csv(root / CSV_NAME)
    if os.path.lexists(root / PARQUET_NAME):
        require("pyarrow", package="pyarrow", extra="train", purpose=f"reading {PARQUET_NAME}")
        return _read_parquet(root / PARQUET_NAME)
    return None


def _row(record: CropRecord) -> dict[str, Any]:
    known = {"crop": record.crop, "label": record.label, "split": record.split, "video": record.video}
    numbers = {"frame_index": record.frame_index, "track": record.track, "confidence": record.confidence}
    corners = {
        f"{what}_{side}": value
        for what, box in (("box", record.box), ("square", record.square))
        for side, value in zip(_SIDES, box or (), strict=False)
    }
    points = {
        f"landmark_{number}_{axis}": value
        for number, point in enumerate(record.landmarks)
        for axis, value in zip("xy", point, strict=True)
    }
    groups = {f"{_GROUP}{key}": value for key, value in record.groups.items()}
    return {**known, **numbers, **corners, **points, **groups}


def _further_columns(records: Iterable[CropRecord]) -> tuple[list[str], list[str]]:
    """The columns of the landmarks, and those of the groups."""
    most = 0
    keys: set[str] = set()
    for record in records:
        most = max(most, len(record.landmarks))
        keys.update(record.groups)
    numbers = [f"landmark_{number}_{axis}" for number in range(most) for axis in "xy"]
    return numbers, [f"{_GROUP}{key}" for key in sorted(keys)]


def _parts(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while part := list(islice(rows, _ROWS_AT_ONCE)):
        yield part


@contextmanager
def _csv_writer(path: Path, columns: Sequence[str]) -> Iterator[WriteRows]:
    with written_whole(path) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)

        def write(rows: Sequence[Row]) -> None:
            for row in rows:
                values = map(row.get, columns)
                writer.writerow(_escaped(value) if isinstance(value, str) else value for value in values)

        yield write


@contextmanager
def _parquet_writer(path: Path, numbers: Sequence[str], groups: Sequence[str]) -> Iterator[WriteRows]:
    import pyarrow
    from pyarrow import parquet

    whole = {"frame_index", "track"}
    schema = pyarrow.schema(
        [(name, pyarrow.string()) for name in _TEXTS]
        + [(name, pyarrow.int64() if name in whole else pyarrow.float64()) for name in numbers]
        + [(name, pyarrow.string()) for name in groups]
    )
    with written_whole(path) as partial, parquet.ParquetWriter(partial, schema) as writer:

        def write(rows: Sequence[Row]) -> None:
            columns = {
                name: [row.get(name) or None if name in groups else row.get(name) for row in rows]
                for name in schema.names
            }
            writer.write_table(pyarrow.table(columns, schema=schema))

        yield write


def _read_csv(path: Path) -> Iterator[ManifestRow]:
    reader = csv.reader(text_lines(path), strict=True)
    try:
        header = next(reader, [])
        read = _reader_of(path, header)
        for number, row in enumerate(reader):
            place = f"{str(path)!r}, line {reader.line_num}"
            _check_count(path, number)
            if len(row) != len(header):
                raise DatasetError(f"{place}: {len(row)} cells where the header has {len(header)}; correct the row")
            cells = {name: cell for name, cell in zip(header, row, strict=True) if cell}
            cells |= {name: _unescaped(cell) for name, cell in cells.items() if cell[0] == "'"}
            yield place, read(place, cells)
    except csv.Error as error:
        reason = first_line(error)
        raise DatasetError(f"{str(path)!r}, line {reader.line_num}: not CSV ({reason}); write it again") from error


def _read_parquet(path: Path) -> Iterator[ManifestRow]:
    import pyarrow
    from pyarrow import parquet

    if not path.is_file():
        raise DatasetError(f"{str(path)!r} is not a regular file; give a folder with a manifest")
    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            groups = (file.metadata.row_group(index) for index in range(file.metadata.num_row_groups))
            if max((group.total_byte_size for group in groups), default=0) > MOST_BYTES:
                raise DatasetError(
                    f"{str(path)!r} has a row group of more than {MOST_BYTES:,} bytes; write smaller ones"
                )
            read = _reader_of(path, file.schema_arrow.names)
            for batch in file.iter_batches(_ROWS_AT_ONCE):
                for cells in batch.to_pylist():
                    place = f"{str(path)!r}, row {number}"
                    _check_count(path, number)
                    yield place, read(place, {name: cell for name, cell in cells.items() if cell not in (None, "")})
                    number += 1
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        raise DatasetError(f"{str(path)!r} cannot be read as Parquet: {first_line(error)}; write it again") from error


def _reader_of(path: Path, header: Sequence[str]) -> Callable[[str, Mapping[str, Any]], CropRecord]:
    """Choose the function that makes a record of a row with this header.

    Raises:
        DatasetError: a column is lacking, is there twice, or there are too many landmarks.
    """
    there = set(header)
    lacking = [name for name in _NEEDED if name not in there]
    twice = sorted(name for name, times in Counter(header).items() if times > 1)
    if lacking or twice:
        problem = f"lacks the column {lacking[0]!r}" if lacking else f"names the column {twice[0]!r} twice"
        raise DatasetError(
            f"{str(path)!r} {problem}; it needs {', '.join(_NEEDED)}, as `genconvit extract` writes them"
        )
    count = next(number for number in range(len(header) + 1) if f"landmark_{number}_x" not in there)
    if count > _MOST_LANDMARKS:
        raise DatasetError(f"{str(path)!r} has {count} landmarks a crop; at most {_MOST_LANDMARKS} are read")
    landmarks = [(f"landmark_{number}_x", f"landmark_{number}_y") for number in range(count)]
    groups = [name for name in header if name.startswith(_GROUP) and name != _GROUP]

    def read(place: str, cells: Mapping[str, Any]) -> CropRecord:
        return _record(place, cells, landmarks, groups)

    return read


def _record(
    place: str, cells: Mapping[str, Any], landmarks: Iterable[tuple[str, str]], groups: Iterable[str]
) -> CropRecord:
    crop, word = cells.get("crop"), cells.get("split")
    name = inside("", crop) if isinstance(crop, str) else None
    if name is None:
        raise DatasetError(f"{place}: crop {str(crop)[:80]!r} is no path below the folder of the manifest; correct it")
    label = label_of(cells.get("label"))
    if label is None:
        got = str(cells.get("label", ""))[:40]
        raise DatasetError(f"{place}: label {got!r} is not allowed; write FAKE or REAL")
    split = SPLIT_FOLDERS.get(word.lower()) if isinstance(word, str) else None
    if split is None:
        raise DatasetError(f"{place}: split {str(word or '')[:40]!r} is not allowed; write {', '.join(SPLITS)}")
    points = [_all_or_none(cells, names) for names in landmarks]
    known = [point for point in points if point is not None]
    try:
        record = CropRecord(
            crop=name,
            label=label,
            split=split,
            video=cells.get("video", name),
            frame_index=cells.get("frame_index"),
            track=cells.get("track"),
            box=_all_or_none(cells, _BOX),
            square=_all_or_none(cells, _SQUARE),
            landmarks=tuple(known),
            confidence=cells.get("confidence"),
            groups={key.removeprefix(_GROUP): cells[key] for key in groups if key in cells},
        )
    except ValidationError as error:
        raise DatasetError(f"{place}: {validation_message(error)[:300]}; correct it") from error
    if known != points[: len(known)] or max(map(abs, _pixels(record)), default=0) > _FARTHEST_PX:
        raise DatasetError(
            f"{place}: a landmark lacks before the last one, or lies farther off than {_FARTHEST_PX:.0e} px"
        )
    return record


def _all_or_none(cells: Mapping[str, object], names: Sequence[str]) -> tuple[object, ...] | None:
    values = tuple(map(cells.get, names))
    return None if values.count(None) == len(values) else values


def _pixels(record: CropRecord) -> Iterator[float]:
    for numbers in (record.box or (), record.square or (), *record.landmarks):
        yield from numbers


def _check_count(path: Path, number: int) -> None:
    if number >= MOST_ROWS:
        raise DatasetError(f"{str(path)!r} has more than the {MOST_ROWS:,} rows that are read; split it")


def _escaped(text: str) -> str:
    return f"'{text}" if text.lstrip("'").startswith(FORMULA_SIGNS) else text


def _unescaped(text: str) -> str:
    """Give the text that was escaped, from one that begins with a ``'``."""
    return text[1:] if text.lstrip("'").startswith(FORMULA_SIGNS) else text
