"""Identity of a source on the disk: what tells whether a file is still the one that was scored."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from pydantic import NonNegativeInt

from genconvit.core.config import FrozenConfig
from genconvit.core.files import sha256_of_file
from genconvit.journal.resuming import IdentityKind


class Identity(FrozenConfig):
    """State of a file, or of the files in a folder; everything is None for what is not there."""

    size: NonNegativeInt | None = None
    """Size in bytes; of a folder the sum over its files."""

    mtime_ns: int | None = None
    """Time of the last change in nanoseconds since 1970; of a folder the latest of its files'. None where the content
    counts."""

    sha256: str | None = None
    """SHA-256 of a file's bytes, or of the names and the state of a folder's files; None for a file whose time
    counts."""

    @property
    def digest(self) -> int:
        """A number of 64 bits that stands for it in memory."""
        return int.from_bytes(
            hashlib.blake2b(f"{self.size} {self.mtime_ns} {self.sha256}".encode(), digest_size=8).digest(), "big"
        )


def identity_of(path: str | os.PathLike[str], kind: IdentityKind = "stat") -> Identity:
    """The identity of a file or a folder as it is now; a folder's is that of the files directly in it.

    Args:
        path: path of the source, there or not.
        kind: ``stat`` looks at sizes and times; ``sha256`` reads every byte, and finds a copy with another time the
            same.
    """
    try:
        status = os.stat(path)  # noqa: PTH116 - there may be a million
        if stat.S_ISDIR(status.st_mode):
            return _of_folder(Path(path), kind)
        return _of_file(path, status, kind)
    except (OSError, ValueError):
        return Identity()


def _of_file(path: str | os.PathLike[str], status: os.stat_result, kind: IdentityKind) -> Identity:
    if kind == "sha256" and stat.S_ISREG(status.st_mode):
        return Identity(size=status.st_size, sha256=sha256_of_file(path))
    return Identity(size=status.st_size, mtime_ns=status.st_mtime_ns)


def _of_folder(folder: Path, kind: IdentityKind) -> Identity:
    files = sorted(_files(folder, kind), key=lambda each: each[0])
    listing = "".join(f"{name!r} {each.model_dump_json()}\n" for name, each in files)
    return Identity(
        size=sum(each.size or 0 for _, each in files),
        mtime_ns=None if kind == "sha256" else max((each.mtime_ns or 0 for _, each in files), default=0),
        sha256=hashlib.sha256(listing.encode("ascii", "backslashreplace")).hexdigest(),
    )


def _files(folder: Path, kind: IdentityKind) -> Iterator[tuple[str, Identity]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file():
                yield entry.name, _of_file(entry.path, entry.stat(), kind)
