"""Check that a file's content is the one that the hub declared: the hash decides."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from genconvit.core.errors import WeightsError
from genconvit.core.files import sha256_of_file
from genconvit.weights.hub_request import Request


def is_hash(declared: str) -> bool:
    """Tell whether this is what a hub declares: git's SHA-1 for small files, the SHA-256 for large ones."""
    return re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", declared) is not None


def declared_by_cache(pointer: Path) -> str | None:
    """The hash that the hub declared at the download: the cache's links point to a file of that name."""
    return pointer.readlink().name if pointer.is_symlink() else None


def sha256_of_verified(request: Request, path: Path, declared: str) -> str:
    """The SHA-256 of a file in the cache that has the declared hash.

    Raises:
        WeightsError: its hash is another one; the file is then removed.
    """
    version = _Version.of(path)
    computed = _hash(version, as_git=len(declared) == 40)
    if computed != declared:
        raise WeightsError(
            f"{path} is damaged or not what the hub declared for {request}: declared hash {declared}, "
            f"computed {computed}. {_remove(path)}"
        )
    return _hash(version, as_git=False)


@dataclass(frozen=True)
class _Version:
    """A file as it is now, under whatever name: moved or linked, its content need not be read again."""

    path: Path = field(compare=False)
    device: int
    inode: int
    size: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> _Version:
        status = path.stat()
        return cls(path, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=32)
def _hash(version: _Version, *, as_git: bool) -> str:
    """The SHA-256, by which the hub names large files, or git's SHA-1, by which it names small ones."""
    if not as_git:
        return sha256_of_file(version.path)
    content = b"blob %d\0" % version.size + version.path.read_bytes()
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def _remove(pointer: Path) -> str:
    """Remove a cached file and the links to it, but nothing outside the cache; say what comes next."""
    from huggingface_hub import constants

    cache = Path(constants.HF_HUB_CACHE).expanduser().resolve()
    step: Path | None = pointer
    try:
        while step is not None and cache in step.parent.resolve().parents:
            target = step.parent / step.readlink() if step.is_symlink() else None
            step.unlink(missing_ok=True)
            step = target
    except OSError as error:
        return f"It could not be removed ({error}): remove it and try again"
    return "It was removed from the cache: try again"
