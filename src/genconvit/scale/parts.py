"""Parts of a run's results: Parquet files in a folder, each whole or not there, which a later run recognises."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from genconvit.core.errors import DatasetError
from genconvit.core.files import written_whole
from genconvit.journal.tally import FAILED

if TYPE_CHECKING:
    import pyarrow as pa

_PATTERN = "part-*.parquet"
_PARTS_IN_MEMORY = 16


def write_part(rows: pa.Table, *, folder: str) -> pa.Table:
    """Write results into one part, and give what ``Scored`` holds of each.

    Args:
        rows: results: the key of each source, its name, what to look for, and the result as JSON.
        folder: folder of the parts, which all machines see.
    """
    import pyarrow as pa

    text = pa.string()
    # Ray gives a column without any value no type.
    schema = {"key": pa.int64(), "source": text, "status": text, "reason": text, "fake_probability": pa.float64()}
    whole = pa.schema({**schema, "result": text})
    table = rows.select(whole.names).cast(whole)
    name = hashlib.sha256(repr(table["key"].to_pylist()).encode()).hexdigest()[:16]
    _write(table, Path(folder) / f"part-{name}.parquet")
    return table.select(["source", "status", "reason"])


@dataclass(frozen=True)
class Scored:
    """A source whose result is in a part.

    Attributes:
        source: name of the source.
        status: status of its result.
        reason: reason why it is unreadable, else None.
    """

    source: str
    status: str
    reason: str | None


class Parts:
    """The parts in a folder, as they are now.

    Args:
        folder: folder that ``write_part`` writes into.

    Raises:
        DatasetError: a file there is no part of a run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = sorted(folder.glob(_PATTERN))
        self._open: OrderedDict[int, list[str]] = OrderedDict()
        self._places = self._index()

    @property
    def keys(self) -> npt.NDArray[np.int64]:
        """Keys of the sources that have a result, each once, from the lowest: int64 [N]."""
        return self._places[:, 0]

    def has(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Tell for each key, int64 [M], whether it has a result: bool [M]."""
        every = self.keys
        places = np.minimum(np.searchsorted(every, keys), max(len(every) - 1, 0))
        return every[places] == keys if len(every) else np.zeros(len(keys), bool)

    def results(self, keys: Iterable[int]) -> Iterator[str]:
        """Yield the result of each key as JSON, and leave out those that have none.

        A few parts are in memory at a time; sources that were done one after the other lie in the same one.
        """
        every = self.keys
        for key in keys:
            place = int(np.searchsorted(every, key))
            if place < len(every) and every[place] == key:
                _, part, row = self._places[place].tolist()
                yield self._part(part)[row]

    def scored(self, keys: npt.NDArray[np.int64]) -> Iterator[Scored]:
        """Yield what is known of the sources with these keys, int64 [M], that have a result, each once."""
        rows = self._places[np.isin(self.keys, keys)]
        for part in np.unique(rows[:, 1]).tolist():
            columns = [_column(self._files[part], name).to_pylist() for name in ("source", "status", "reason")]
            for row in rows[rows[:, 1] == part][:, 2].tolist():
                yield Scored(*(column[row] for column in columns))

    def without_failures(self, keys: npt.NDArray[np.int64]) -> Parts:
        """The parts once those results of these keys, int64 [M], are out of them that say what could not be read."""
        failed = {file: self._failed(file, keys) for file in self._files}
        for file, rows in failed.items():
            if rows.all():
                file.unlink()
            elif rows.any():
                _write(_read(file).filter(~rows), file)
        return Parts(self._folder)

    def _failed(self, file: Path, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        statuses = _column(file, "status").to_numpy()
        rows: npt.NDArray[np.bool_] = (statuses == FAILED) & np.isin(_column(file, "key").to_numpy(), keys)
        return rows

    def _index(self) -> npt.NDArray[np.int64]:
        """The key, part and row of each source, by its key: int64 [N, 3]. Of a source with two results one is taken."""
        places = [np.empty((0, 3), np.int64)]
        for number, file in enumerate(self._files):
            keys = _column(file, "key").to_numpy()
            rows = np.arange(len(keys))
            places.append(np.stack([keys, np.full(len(keys), number), rows], axis=1))
        every = np.concatenate(places)
        _, first = np.unique(every[:, 0], return_index=True)
        return every[first]

    def _part(self, number: int) -> list[str]:
        if number not in self._open:
            if len(self._open) >= _PARTS_IN_MEMORY:
                self._open.popitem(last=False)
            self._open[number] = _column(self._files[number], "result").to_pylist()
        self._open.move_to_end(number)
        return self._open[number]


def _write(table: pa.Table, file: Path) -> None:
    import pyarrow.parquet as parquet

    with written_whole(file, durable=True) as partial:
        parquet.write_table(table, partial, compression="zstd")


def _column(file: Path, name: str) -> pa.ChunkedArray:
    return _read(file, [name])[name]


def _read(file: Path, columns: Sequence[str] | None = None) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    try:
        table = parquet.read_table(file, columns=columns)
        return table if columns is None else table.select(columns)
    except (OSError, KeyError, pa.ArrowInvalid) as error:
        raise DatasetError(f"{file} is no part of a run ({error}); delete it, and run again with --resume") from error
