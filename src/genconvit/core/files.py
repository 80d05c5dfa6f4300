"""Helpers for any file of the library."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""Numbers of errors of a disk that is full, or fails."""

PARTIAL = re.compile(r"\.genconvit-[0-9a-f]{16}\.partial")
"""The name of a file that is being written; one that a killed process has left is of no use."""

_PIECE_BYTES = 1 << 24
"""Bytes that are hashed at once: between two pieces a thread that hashes waits for one that runs Python."""


def sha256_of_file(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file's bytes, 64 hexadecimal digits, read piece by piece.

    Raises:
        OSError: the file cannot be read.
    """
    digest = hashlib.sha256()
    piece = memoryview(bytearray(_PIECE_BYTES))
    with Path(path).open("rb", buffering=0) as file:
        while count := file.readinto(piece):
            digest.update(piece[:count])
    return digest.hexdigest()


def partial_beside(path: Path) -> Path:
    """A name of its own in the same folder, for what takes the path's place once it is whole."""
    return path.with_name(f".genconvit-{secrets.token_hex(8)}.partial")


@contextmanager
def written_whole(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """Write a file whole or not at all: give the block another path beside it, whose file then takes its place.

    Where the block or the renaming fails, what was there stays, and nothing else is left. The file's permissions are
    those of any new file, whatever the block makes of them.

    Args:
        path: path of the file that is written; its folder must exist.
        durable: let the content be on the disk before its name is, so that a crash of the machine does no harm either.

    Raises:
        OSError: it cannot be written.
    """
    partial = partial_beside(path)
    try:
        partial.touch()
        usual = stat.S_IMODE(partial.stat().st_mode)
        yield partial
        partial.chmod(usual)
        if durable:
            with partial.open("rb+") as file:
                os.fsync(file.fileno())
        partial.replace(path)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
