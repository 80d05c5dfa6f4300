"""A manifest of sources: a row each, with the column ``path`` and any others, which results carry along."""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from genconvit.core.addresses import is_remote
from genconvit.core.errors import ConfigError, DatasetError, SourceAccessError, SourceError
from genconvit.core.optional import require
from genconvit.core.text import first_line
from genconvit.data.label_files import LONGEST_LINE, MOST_BYTES, text_lines
from genconvit.results.result import LONGEST_CELL, LONGEST_COLUMN, MOST_COLUMNS, ManifestCell
from genconvit.video.given import GivenSource
from genconvit.video.names import source_name, valid_text

PATH = "path"
SUFFIXES = (".csv", ".jsonl", ".parquet")
_ROWS_AT_ONCE = 500

Row: TypeAlias = "Mapping[str, Any] | str"
"""Cells by column, or the reason why there are none."""


class SourceManifest:
    """The sources that a manifest names, read row by row each time it is iterated.

    A path is absolute, or relative to the manifest's folder; an address (``https://``, ``s3://``, ``gs://``) is taken
    as it is. A row that is none, or has no path, is a source with an error; a source that is named twice is two.

    Args:
        path: CSV with a header in UTF-8, JSON lines, or Parquet, by its suffix.

    Raises:
        ConfigError: another suffix, or Parquet without pyarrow.
        DatasetError: it cannot be opened, has no column ``path``, one twice, or too many.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._suffix = path.suffix.lower()
        if self._suffix not in SUFFIXES:
            raise ConfigError(f"--manifest {str(path)!r} has none of the suffixes {', '.join(SUFFIXES)}; rename it")
        if self._suffix == ".parquet":
            require("pyarrow", package="pyarrow", extra="train", purpose="a manifest in Parquet")
        if not path.is_file():
            raise DatasetError(f"--manifest {str(path)!r} is no regular file; check the path")
        self.count = self._checked_count()

    def __iter__(self) -> Iterator[GivenSource]:
        for number, row in enumerate(self._rows(), 1):
            yield self._source(f"row {number} of {str(self._path)!r}", row)

    def _checked_count(self) -> int | None:
        """The number of rows where the file says it; the columns are checked."""
        if self._suffix == ".jsonl":
            with self._path.open("rb"):
                return None
        if self._suffix == ".csv":
            next(self._csv_rows(), None)
            return None
        with _parquet_file(self._path) as file:
            self._check(file.schema_arrow.names)
            groups = (file.metadata.row_group(number) for number in range(file.metadata.num_row_groups))
            if max((group.total_byte_size for group in groups), default=0) > MOST_BYTES:
                raise self._unreadable(f"a row group has more than {MOST_BYTES:,} bytes")
            return int(file.metadata.num_rows)

    def _check(self, columns: Sequence[str]) -> None:
        problem = columns_problem(columns)
        if problem:
            raise DatasetError(f"--manifest {str(self._path)!r} {problem}")

    def _rows(self) -> Iterator[Row]:
        try:
            if self._suffix == ".csv":
                yield from self._csv_rows()
            elif self._suffix == ".jsonl":
                yield from self._json_rows()
            else:
                yield from self._parquet_rows()
        except OSError as error:
            raise self._unreadable(error.strerror or first_line(error)) from error

    def _csv_rows(self) -> Iterator[Row]:
        try:
            reader = csv.reader(text_lines(self._path), strict=True)
            header = [cell.strip() for cell in next(reader, [])]
            self._check(header)
            for row in filter(None, reader):
                if len(row) == len(header):
                    yield dict(zip(header, row, strict=True))
                else:
                    yield f"{len(row)} cells where the header has {len(header)}"
        except csv.Error as error:
            raise self._unreadable(first_line(error)) from error

    def _json_rows(self) -> Iterator[Row]:
        with self._path.open("rb") as stream:
            while line := stream.readline(LONGEST_LINE):
                if len(line) == LONGEST_LINE:
                    raise self._unreadable(f"a line is longer than {LONGEST_LINE} bytes")
                if line.strip():
                    yield _json_row(line)

    def _parquet_rows(self) -> Iterator[Row]:
        import pyarrow

        with _parquet_file(self._path) as file:
            try:
                for batch in file.iter_batches(_ROWS_AT_ONCE):
                    yield from batch.to_pylist()
            except (OSError, ValueError, pyarrow.ArrowException) as error:
                raise self._unreadable(first_line(error)) from error

    def _unreadable(self, reason: str) -> DatasetError:
        return DatasetError(f"--manifest {str(self._path)!r} cannot be read: {reason}; write it again")

    def _source(self, place: str, row: Row) -> GivenSource:
        if isinstance(row, str):
            return _no_source(place, place, row)
        cells = dict(row)
        given = cells.pop(PATH, None)
        if not isinstance(given, str) or not given:
            return _no_source(place, place, "it has no path")
        path = given if is_remote(given) else os.path.join(self._path.parent, given)  # noqa: PTH118 - as it is given
        name = source_name(path)
        try:
            manifest = carried(cells)
        except ValueError as error:
            return _no_source(name, place, str(error))
        return GivenSource(path, name, manifest)


def columns_problem(columns: Sequence[str]) -> str | None:
    """Say what is wrong with the columns of a manifest, as the end of a sentence; None where nothing is."""
    twice = next((name for name in columns if columns.count(name) > 1), None) if len(columns) <= MOST_COLUMNS else None
    long = next((name for name in columns if len(name) > LONGEST_COLUMN), None)
    if PATH not in columns:
        return f"lacks the column {PATH!r}; name the files in one of that name"
    if len(columns) > MOST_COLUMNS:
        return f"has {len(columns)} columns; at most {MOST_COLUMNS} are carried along: leave some out"
    if twice is not None:
        return f"names the column {twice!r} twice; rename one"
    if long is not None:
        return f"has a column name of {len(long)} characters; at most {LONGEST_COLUMN} are carried along: shorten it"
    return None


def carried(cells: Mapping[str, Any]) -> dict[str, ManifestCell]:
    """The cells of a row as a result carries them: text, numbers, truth values; other kinds as text.

    Raises:
        ValueError: a cell is a list, an object, bytes, or too long; there are too many; says which.
    """
    problem = columns_problem([PATH, *cells])
    if problem:
        raise ValueError(f"it {problem}")
    return {valid_text(name): _cell(name, value) for name, value in cells.items() if name}


def _cell(name: str, value: object) -> ManifestCell:
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (list, dict, bytes)):
        raise ValueError(  # noqa: TRY004 - the file's fault
            f"its column {name!r} holds a {type(value).__name__}; allowed are text, numbers and truth values"
        )
    text = valid_text(str(value))
    if len(text) > LONGEST_CELL:
        raise ValueError(f"its column {name!r} holds {len(text)} characters; at most {LONGEST_CELL} are carried along")
    return text


def _json_row(line: bytes) -> Row:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"not JSON ({first_line(error)})"
    return value if isinstance(value, dict) else "not a JSON object"


def _no_source(name: str, place: str, reason: str) -> GivenSource:
    error: SourceError = SourceAccessError(name, f"{place}: {reason}" if name != place else reason)
    return GivenSource("", name, error=error)


def _parquet_file(path: Path) -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow
    from pyarrow import parquet

    try:
        return parquet.ParquetFile(path)
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        raise DatasetError(
            f"--manifest {str(path)!r} cannot be read as Parquet: {first_line(error)}; write it again"
        ) from error
