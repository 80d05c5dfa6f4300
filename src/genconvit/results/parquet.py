"""Results as Parquet: a row each, as ``VideoResult.to_row`` has it, and the whole result as JSON beside it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, BinaryIO

from genconvit.results.result import VideoResult
from genconvit.results.write import json_line

if TYPE_CHECKING:
    import pyarrow

WHOLE = "result"
"""Column of the whole result as JSON."""

_DECIMALS = frozenset({"fake_probability", "calibrated_probability", "threshold", "published_score"})
_COUNTS = frozenset({"faces", "poor_faces", "tracks", "frames"})
_ROWS_AT_ONCE = 500


def results_to_parquet(results: Iterable[VideoResult], stream: BinaryIO) -> None:
    """Write results as they come, some hundreds at a time; nothing where there is none. Takes pyarrow.

    Where something ends the results early, the file holds those that came before, and is a whole one.

    Args:
        results: the results.
        stream: a binary stream.
    """
    writer: _Writer | None = None
    try:
        for result in results:
            row = {**result.to_row(), WHOLE: json_line(result)}
            writer = writer or _Writer(stream, list(row))
            writer.add(row)
    finally:
        if writer is not None:
            writer.finish()


class _Writer:
    def __init__(self, stream: BinaryIO, columns: list[str]) -> None:
        from pyarrow import parquet

        self._schema = _schema(columns)
        self._writer = parquet.ParquetWriter(stream, self._schema)
        self._rows: list[dict[str, Any]] = []

    def add(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        if len(self._rows) >= _ROWS_AT_ONCE:
            self._write()

    def finish(self) -> None:
        if self._rows:
            self._write()
        self._writer.close()

    def _write(self) -> None:
        import pyarrow

        rows, self._rows = self._rows, []
        self._writer.write_table(pyarrow.Table.from_pylist(rows, schema=self._schema))


def _schema(columns: list[str]) -> pyarrow.Schema:
    import pyarrow

    kinds = {
        **dict.fromkeys(_DECIMALS, pyarrow.float64()),
        **dict.fromkeys(_COUNTS, pyarrow.int64()),
    }
    return pyarrow.schema([(name, kinds.get(name, pyarrow.string())) for name in columns])
