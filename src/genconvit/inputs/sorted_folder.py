"""Entries of a folder in the order of their names, however many there are: sorted in parts, which lie on disk."""

from __future__ import annotations

import heapq
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from typing import BinaryIO, NamedTuple

from genconvit.core.closeable import Closeable

MOST_IN_MEMORY = 50_000
"""Most entries that are held in memory; more are sorted in parts of this size."""

_BLOCK = 1 << 14
_END = b"\0"


class Entry(NamedTuple):
    """An entry of a folder."""

    name: str
    is_folder: bool
    """True for a folder, and for a link to one."""
    is_link: bool


class SortedFolder(Closeable):
    """Entries of a folder, sorted by name; iterated as often as wanted.

    Args:
        folder: path of the folder.

    Raises:
        OSError: it cannot be listed.
        ValueError: it is no path.
    """

    def __init__(self, folder: str) -> None:
        self._stack = ExitStack()
        self._parts: list[tuple[int, int]] = []
        with os.scandir(folder) as found:
            self._few = _sorted_part(found)
            if len(self._few) == MOST_IN_MEMORY:
                self._spill(found)

    def __iter__(self) -> Iterator[Entry]:
        return heapq.merge(*map(self._read, self._parts)) if self._parts else iter(self._few)

    def close(self) -> None:
        """Remove what lies on disk; more than once is fine."""
        self._stack.close()

    def _spill(self, found: Iterator[os.DirEntry[str]]) -> None:
        self._file: BinaryIO = self._stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - it is closed with this
        part, self._few = self._few, []
        while part:
            start = self._file.tell()
            self._file.writelines(map(_packed, part))
            self._parts.append((start, self._file.tell()))
            part = _sorted_part(found)
        self._file.flush()

    def _read(self, part: tuple[int, int]) -> Iterator[Entry]:
        place, end = part
        rest = b""
        while place < end:
            block = os.pread(self._file.fileno(), min(_BLOCK, end - place), place)
            place += len(block)
            *whole, rest = (rest + block).split(_END)
            yield from map(_unpacked, whole)


def _sorted_part(found: Iterator[os.DirEntry[str]]) -> list[Entry]:
    return sorted(Entry(each.name, _is_folder(each), each.is_symlink()) for each in islice(found, MOST_IN_MEMORY))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False


def _packed(entry: Entry) -> bytes:
    return b"%d" % (entry.is_folder + 2 * entry.is_link) + entry.name.encode("utf-8", "surrogatepass") + _END


def _unpacked(record: bytes) -> Entry:
    kind = record[0] - ord("0")
    return Entry(record[1:].decode("utf-8", "surrogatepass"), bool(kind & 1), bool(kind & 2))
