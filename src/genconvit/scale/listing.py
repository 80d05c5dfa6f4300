"""The sources of a run as Parquet files: all of them in their order, and those that are still to be done."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from genconvit.core.addresses import address_name, is_remote
from genconvit.core.errors import ConfigError
from genconvit.core.files import written_whole
from genconvit.core.keys import key64
from genconvit.journal.identity import identity_of_source
from genconvit.journal.resuming import IdentityKind
from genconvit.scale.parts import Parts
from genconvit.video.given import GivenSource
from genconvit.video.names import Source, path_of, source_name

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 10_000


def key_of(source: Source, kind: IdentityKind) -> int | None:
    """The key of a source: a hash of its place, its columns in a manifest and its identity.

    None where its server does not tell that identity.
    """
    identity = identity_of_source(source, kind)
    return None if identity is None else key64(_place(source), str(identity.digest).encode())


def _place(source: Source) -> bytes:
    """The place of a source, and what its row in a manifest carries along, so that no other row has its result."""
    manifest = source.manifest if isinstance(source, GivenSource) else None
    return json.dumps(None if manifest is None else dict(manifest)).encode() + _path(source)


def _path(source: Source) -> bytes:
    """The absolute path; the name of an address, which a new signature does not change, and of what is no source."""
    path = path_of(source) or ""
    if isinstance(source, GivenSource) and source.error is not None:
        return source.name.encode()
    return address_name(path).encode() if is_remote(path) else os.fsencode(os.path.abspath(path))  # noqa: PTH100 - links stay


def write_listing(sources: Iterable[Source], file: Path, kind: IdentityKind) -> int:
    """Write the rows of ``tasks_of``, as sources come; return their number.

    An address whose server does not tell its state keeps the key that it has in the file that was there.

    Args:
        sources: paths or addresses; a few thousand are in memory at a time.
        file: Parquet file to write.
        kind: kind of the sources' identities.
    """
    return _write(file, _listed(sources, kind, _KnownKeys(file)))


def write_pending(listing: Path, parts: Parts, file: Path) -> int:
    """Write the rows of a listing that have no result yet, each source once; return their number."""
    return _write(file, _pending(listing, parts))


def keys_in(listing: Path) -> npt.NDArray[np.int64]:
    """The keys in a listing, in its order: int64 [N]."""
    import pyarrow.parquet as parquet

    keys: npt.NDArray[np.int64] = parquet.read_table(listing, columns=["key"])["key"].to_numpy()
    return keys


class _KnownKeys:
    """Keys of the addresses in a listing, 16 bytes for each.

    Args:
        listing: Parquet file that ``write_listing`` wrote, there or not.
    """

    def __init__(self, listing: Path) -> None:
        found = _remote_keys(listing) if listing.exists() else iter(())
        table = np.fromiter(found, np.dtype([("place", np.int64), ("key", np.int64)]))
        table.sort(order="place")
        self._places, self._keys = table["place"], table["key"]

    def key(self, source: Source) -> int:
        """The key of an address, or one of its name alone where it is not there."""
        wanted = key64(_place(source))
        place = int(np.searchsorted(self._places, wanted))
        is_there = place < len(self._places) and self._places[place] == wanted
        return int(self._keys[place]) if is_there else wanted


def _remote_keys(listing: Path) -> Iterator[tuple[int, int]]:
    for batch in _batches(listing):
        for row in batch.to_pylist():
            path, manifest = os.fsdecode(row["path"]), row["manifest"]
            if is_remote(path):
                columns = None if manifest is None else json.loads(manifest)
                yield key64(_place(GivenSource(path, row["name"], columns))), row["key"]


def _listed(sources: Iterable[Source], kind: IdentityKind, known: _KnownKeys) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    rest = iter(sources)
    while chunk := list(islice(rest, _ROWS)):
        rows = [_row(source, kind, known) for source in chunk]
        yield pa.RecordBatch.from_pylist(rows, schema=_schema())


def _row(source: Source, kind: IdentityKind, known: _KnownKeys) -> dict[str, Any]:
    path = path_of(source)
    if path is None:
        raise ConfigError(f"a source of a run is a path, got {source_name(source)}")
    columns = source.manifest if isinstance(source, GivenSource) else None
    manifest = None if columns is None else json.dumps(dict(columns))
    key = key_of(source, kind)
    return {
        "key": known.key(source) if key is None else key,
        "path": os.fsencode(path),
        "name": source_name(source),
        "manifest": manifest,
        "error": source.error.reason if isinstance(source, GivenSource) and source.error else None,
    }


def _schema() -> pa.Schema:
    import pyarrow as pa

    text = pa.string()
    return pa.schema({"key": pa.int64(), "path": pa.binary(), "name": text, "manifest": text, "error": text})


def _pending(listing: Path, parts: Parts) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    keys = keys_in(listing)
    wanted = np.zeros(len(keys), bool)
    wanted[np.unique(keys, return_index=True)[1]] = True
    wanted &= ~parts.has(keys)
    start = 0
    for batch in _batches(listing):
        yield batch.filter(pa.array(wanted[start : start + batch.num_rows]))
        start += batch.num_rows


def _batches(listing: Path) -> Iterator[pa.RecordBatch]:
    import pyarrow.parquet as parquet

    with parquet.ParquetFile(listing) as file:
        yield from file.iter_batches(_ROWS)


def _write(file: Path, batches: Iterator[pa.RecordBatch]) -> int:
    import pyarrow.parquet as parquet

    total = 0
    with written_whole(file) as partial, parquet.ParquetWriter(partial, _schema()) as writer:
        for batch in batches:
            writer.write_batch(batch)
            total += batch.num_rows
    return total
