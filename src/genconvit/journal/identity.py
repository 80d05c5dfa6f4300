"""Identity of a source: what tells whether a file, here or elsewhere, is still the one that was scored."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from pydantic import NonNegativeInt

from genconvit.core.addresses import is_remote
from genconvit.core.config import FrozenConfig
from genconvit.core.files import sha256_of_file
from genconvit.core.keys import key64
from genconvit.journal.resuming import IdentityKind
from genconvit.video.given import GivenSource, RemoteState
from genconvit.video.names import Source, path_of


class Identity(FrozenConfig):
    """State of a file, of the files in a folder, or of an object elsewhere; all is None for what is not there."""

    size: NonNegativeInt | None = None
    """Size in bytes; of a folder the sum over its files."""

    mtime_ns: int | None = None
    """Time of the last change in nanoseconds since 1970; of a folder the latest of its files'. None where the content
    counts."""

    sha256: str | None = None
    """SHA-256 of a file's bytes, or of the names and the state of a folder's files; None for a file whose time
    counts."""

    etag: str | None = None
    """Entity tag of an object on another machine; None for a file, and where its time and size count."""

    @property
    def digest(self) -> int:
        """A number of 64 bits that stands for it in memory."""
        return key64(f"{self.size} {self.mtime_ns} {self.sha256} {self.etag}".encode())

    @classmethod
    def of_state(cls, state: RemoteState | None) -> Identity | None:
        """The identity of an object on another machine: its entity tag, or else its size and the time of its change.

        None where its server tells neither a tag nor a size.
        """
        if state is None or (state.etag is None and state.size is None):
            return None
        if state.etag is not None:
            return cls(etag=state.etag)
        return cls(size=state.size, mtime_ns=state.modified and int(state.modified.timestamp()) * 10**9)


def identity_of_source(source: Source, kind: IdentityKind = "stat") -> Identity | None:
    """The identity of any source as it is now; None where the server of an address does not tell.

    Args:
        source: a path, or an address with the state that its server tells.
        kind: kind of the identity of what is on this machine.
    """
    path = path_of(source)
    if path is not None and is_remote(path):
        return Identity.of_state(source.state) if isinstance(source, GivenSource) else None
    return identity_of(path or "", kind)


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
