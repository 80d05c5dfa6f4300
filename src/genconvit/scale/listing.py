"""The sources of a run as Parquet files: all of them in their order, and those that are still to be done."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from genconvit.core.errors import ConfigError
from genconvit.core.files import written_whole
from genconvit.inputs.address import is_remote
from genconvit.journal.identity import identity_of
from genconvit.journal.resuming import IdentityKind
from genconvit.scale.parts import Parts
from genconvit.video.given import GivenSource
from genconvit.video.names import Source, path_of, source_name

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 10_000


def key_of(path: str, kind: IdentityKind) -> int:
    """The key of a source: a hash of its path and identity, 64 bits with sign."""
    whole = os.fsencode(path if is_remote(path) else os.path.abspath(path))  # noqa: PTH100 - links stay as they are
    state = identity_of(path, kind).digest.to_bytes(8, "big")
    return int.from_bytes(hashlib.blake2b(whole + state, digest_size=8).digest(), "big", signed=True)


def write_listing(sources: Iterable[Source], file: Path, kind: IdentityKind) -> int:
    """Write the rows of ``tasks_of``, as sources come; return their number.

    Args:
        sources: paths or addresses; a few thousand are in memory at a time.
        file: Parquet file to write.
        kind: kind of the sources' identities.
    """
    return _write(file, _listed(sources, kind))


def write_pending(listing: Path, parts: Parts, file: Path) -> int:
    """Write the rows of a listing that have no result yet, each source once; return their number."""
    return _write(file, _pending(listing, parts))


def keys_in(listing: Path) -> npt.NDArray[np.int64]:
    """The keys in a listing, in its order: int64 [N]."""
    import pyarrow.parquet as parquet

    keys: npt.NDArray[np.int64] = parquet.read_table(listing, columns=["key"])["key"].to_numpy()
    return keys


def _listed(sources: Iterable[Source], kind: IdentityKind) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    rest = iter(sources)
    while chunk := list(islice(rest, _ROWS)):
        rows = [_row(source, kind) for source in chunk]
        yield pa.RecordBatch.from_pylist(rows, schema=_schema())


def _row(source: Source, kind: IdentityKind) -> dict[str, Any]:
    path = path_of(source)
    if path is None:
        raise ConfigError(f"a source of a run is a path, got {source_name(source)}")
    columns = source.manifest if isinstance(source, GivenSource) else None
    manifest = None if columns is None else json.dumps(dict(columns))
    return {
        "key": key_of(path, kind),
        "path": os.fsencode(path),
        "name": source_name(source),
        "manifest": manifest,
    }


def _schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema({"key": pa.int64(), "path": pa.binary(), "name": pa.string(), "manifest": pa.string()})


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
