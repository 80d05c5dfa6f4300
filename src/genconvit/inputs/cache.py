"""Files that were fetched, on disk for this run and later ones: bounded, each whole or absent, shared by processes.

A file lies as ``<key>.<token><suffix>``, and ``<key>.json`` says which one is right, with its entity tag and size. Who
reads a file holds a shared lock on it, which ends with its process, however it ends; no such file is removed.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

from pydantic import NonNegativeInt, ValidationError

from genconvit.core.config import FrozenConfig
from genconvit.core.files import PARTIAL, written_whole
from genconvit.core.locks import Lock, locked
from genconvit.inputs.address import Address
from genconvit.inputs.deadline import Deadline
from genconvit.video.suffixes import IMAGE_SUFFIXES, VIDEO_SUFFIXES

_PARTIAL = ".partial"
_OTHER = ".bin"
_RECORD = ".json"
_LOCK = ".lock"
_LONGEST_RECORD = 10_000
_POLL_SECONDS = 0.05
_LONGEST_WRITING_SECONDS = 600


class Record(FrozenConfig):
    """Facts about a file in the cache."""

    file: str
    """Name of the file beside the record."""

    etag: str | None
    """Entity tag that the server gave it."""

    size: NonNegativeInt
    """Number of its bytes."""

    modified: datetime | None = None
    """Time of its last change as the server gave it."""


class Copy(NamedTuple):
    """A file of the cache that stays there as long as the lease is referenced."""

    path: Path
    record: Record
    lease: object


class _Lease:
    """A shared lock on a file, let go of when nothing refers to it."""

    def __init__(self, descriptor: int) -> None:
        self._end = weakref.finalize(self, os.close, descriptor)


class RemoteCache:
    """Copies of files of other machines.

    Args:
        folder: folder of the cache; made where it is not there, for this user alone.
        most_bytes: most bytes that are left there by ``tidy``.

    Raises:
        OSError: the folder cannot be made.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most = most_bytes
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def find(self, address: Address) -> Copy | None:
        """The copy of an address, whole; None where there is none. Whether it is still right, the server says."""
        try:
            text = self._of(address, _RECORD).read_bytes()[:_LONGEST_RECORD]
            record = Record.model_validate_json(text)
            path = self._folder / Path(record.file).name
            descriptor = os.open(path, os.O_RDONLY)
        except (OSError, ValidationError):
            return None
        lease = _Lease(descriptor)
        locked(descriptor, Lock.SHARED)
        with suppress(OSError):
            state = os.fstat(descriptor)
            if state.st_size == record.size and path.stat().st_ino == state.st_ino:  # it was not removed meanwhile
                os.utime(path)
                return Copy(path, record, lease)
        return None

    @contextmanager
    def turn(self, address: Address, deadline: Deadline) -> Iterator[None]:
        """Let one at a time fetch an address, over all processes; after the deadline whoever waits goes on anyway.

        There are 4096 turns, so that some addresses share one and no number of them fills the disk with locks.
        """
        path = self._of(address, "")
        descriptor = os.open(path.with_name(path.name[:3] + _LOCK), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            while not locked(descriptor, Lock.EXCLUSIVE, wait=False) and deadline.left:
                deadline.wait(_POLL_SECONDS)
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def new(self, address: Address) -> Iterator[BinaryIO]:
        """An empty file for the bytes of an address, gone at the end unless ``keep`` was called."""
        path = self._of(address, f".{secrets.token_hex(8)}{_PARTIAL}")
        with open(path, "x+b", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            locked(file.fileno(), Lock.SHARED)
            try:
                yield file
            finally:
                with suppress(OSError):
                    path.unlink(missing_ok=True)

    def keep(self, address: Address, file: BinaryIO, etag: str | None, modified: datetime | None) -> Copy:
        """Let a file that ``new`` gave, whole now, be the copy of an address.

        Raises:
            OSError: it cannot be written.
        """
        file.flush()
        partial = Path(file.name)
        suffix = address.suffix if address.suffix in VIDEO_SUFFIXES | IMAGE_SUFFIXES else _OTHER
        path = partial.with_name(partial.name.removesuffix(_PARTIAL) + suffix)
        record = Record(file=path.name, etag=etag, size=file.seek(0, os.SEEK_END), modified=modified)
        lease = _Lease(os.dup(file.fileno()))  # of one opening, so that its lock goes on
        partial.rename(path)
        with written_whole(self._of(address, _RECORD)) as beside:
            beside.write_text(record.model_dump_json(), encoding="utf-8")
        return Copy(path, record, lease)

    def tidy(self) -> None:
        """Remove what was used longest ago until the bound holds, and what killed runs left; never what is read."""
        files: list[tuple[float, int, Path]] = []
        total = 0
        for entry in os.scandir(self._folder):
            with suppress(OSError):
                state = entry.stat(follow_symlinks=False)
                if PARTIAL.fullmatch(entry.name):  # a record that is being written, which nobody locks
                    if time.time() - state.st_mtime > _LONGEST_WRITING_SECONDS:
                        Path(entry.path).unlink()
                elif entry.name.endswith(_PARTIAL):
                    _remove_unread(Path(entry.path))
                elif not entry.name.endswith((_RECORD, _LOCK)):
                    files.append((state.st_mtime, state.st_size, Path(entry.path)))
                    total += state.st_size
        for _, size, path in sorted(files):
            if total <= self._most:
                return
            if self.remove(path):
                total -= size

    def remove(self, path: Path) -> bool:
        """Remove a copy, and what says that it is right, unless somebody reads it; true where it is gone."""
        if not _remove_unread(path):
            return False
        key = path.name.partition(".")[0]
        record = self._folder / (key + _RECORD)
        with suppress(OSError):
            if path.name.encode() in record.read_bytes()[:_LONGEST_RECORD]:
                record.unlink(missing_ok=True)
        return True

    def _of(self, address: Address, end: str) -> Path:
        """A path of an address: by its hash, which tells nothing of a signature in it."""
        return self._folder / (hashlib.sha256(address.target.encode("utf-8", "surrogateescape")).hexdigest() + end)


def _remove_unread(path: Path) -> bool:
    """Remove a file unless somebody reads or writes it; true where it is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return not path.exists()
    try:
        if not locked(descriptor, Lock.EXCLUSIVE, wait=False):
            return False
        path.unlink(missing_ok=True)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
