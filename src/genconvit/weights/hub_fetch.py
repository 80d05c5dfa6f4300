"""One file from a hub into the cache of ``huggingface_hub``, in as many calls and processes as it takes.

What has arrived lies in ``blobs/<hash>.genconvit.incomplete`` and stays there when a call fails or is
interrupted; the next call asks for the rest only. The file gets its name in the cache once its hash is the
declared one. ``hf cache prune`` removes the parts that nobody went on with.

It comes by plain HTTP also where ``hf_xet`` is installed, whose downloads a later call cannot go on with.
"""

from __future__ import annotations

import errno
import io
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from genconvit.core.errors import WeightsError
from genconvit.weights.hub_cache import CacheEntry
from genconvit.weights.hub_check import is_hash, sha256_of_verified
from genconvit.weights.hub_errors import explain
from genconvit.weights.hub_request import Request

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer
    from huggingface_hub import HfFileMetadata

_RESTARTS = 5
"""Number of times within a call that a server may begin again at the first byte instead of going on."""


def fetch(request: Request, declared: HfFileMetadata) -> Path:
    """Give the path of the file in the cache, once it is there.

    Args:
        request: the file.
        declared: metadata that the hub gave; it is asked for nothing more than the content.

    Raises:
        WeightsError: the download was cut, or what came does not have the declared hash.
        Exception: what the disk or ``huggingface_hub`` raise before and after.
    """
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub.errors import FileMetadataError
    from huggingface_hub.utils import WeakFileLock  # type: ignore[attr-defined]  # not marked as exported

    commit, content = declared.commit_hash or "", declared.etag or ""
    if not re.fullmatch("[0-9a-f]{40}", commit):
        raise FileMetadataError(f"{constants.ENDPOINT} names no commit for the file, so it is no hub")
    if not is_hash(content):
        raise WeightsError(
            f"{request} cannot be verified: the hub declares no hash for it but {content!r}; "
            "download and check the file yourself and give its path as the weights"
        )
    entry = CacheEntry(request, commit, content)
    if not entry.pointer.exists():
        entry.make_folders()
        # The lock that huggingface_hub itself holds while it downloads this file.
        with WeakFileLock(entry.lock):
            if entry.blob.exists():
                entry.show()
            elif not entry.pointer.exists():
                _receive(request, entry, declared.size)
                _accept(request, entry)
    with suppress(OSError):  # a cache that only others may write
        entry.write_reference()
    # What is there of a commit is found without the network.
    return Path(hf_hub_download(request.repository, request.filename or "", revision=commit))


def _receive(request: Request, entry: CacheEntry, size: int | None) -> None:
    """Complete the partial file.

    Raises:
        WeightsError: the download was cut; the message says how much is kept.
    """
    from huggingface_hub import hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # documented, not marked

    partial = entry.partial
    _prepare(partial, size)
    try:
        with _Body(partial, size) as body:
            http_get(
                # Each attempt asks the hub for the way to its storage anew, as a signed address expires. The
                # token does not follow to another host.
                hf_hub_url(request.repository, request.filename or "", revision=entry.commit),
                body,
                resume_size=body.seek(0, os.SEEK_END),
                expected_size=size,
                headers={**build_hf_headers(), "Accept-Encoding": "identity"},
                displayed_filename=request.filename,
            )
    except Exception as error:  # httpx, proxies and the system raise types of their own
        raise WeightsError(explain(request, error, _keep(partial, size))) from error


def _accept(request: Request, entry: CacheEntry) -> None:
    try:
        sha256_of_verified(request, entry.partial, entry.declared)
        entry.accept()
    except (FileNotFoundError, WeightsError):
        # Where the lock does not hold, as on some network file systems, another process may have been faster.
        if entry.blob.exists():
            entry.show()
        elif not entry.pointer.exists():
            raise


def _prepare(partial: Path, size: int | None) -> None:
    """Leave a partial file that can be completed, on a disk that has room for the rest."""
    have = partial.stat().st_size if partial.exists() else 0
    if have and (size is None or have > size or not os.access(partial, os.W_OK)):
        partial.unlink()
        have = 0
    missing, free = (size or 0) - have, shutil.disk_usage(partial.parent).free
    if missing > free:
        raise OSError(errno.ENOSPC, f"{missing} bytes are missing and {free} are free")
    partial.touch()


def _keep(partial: Path, size: int | None) -> str:
    """Say what the next call can go on with, as a half sentence; a partial file without content is removed."""
    have = partial.stat().st_size
    if have == 0:
        partial.unlink()
    return f"{have} of {size} bytes are kept, and the next call goes on from there" if have and size else ""


class _Body(io.BufferedRandom):
    """A partial file that takes no more than the declared size, and only so many beginnings.

    Writers that a lock does not keep apart do no harm: each writes the same bytes to the same positions.
    """

    def __init__(self, path: Path, size: int | None) -> None:
        super().__init__(io.FileIO(path, "r+"))
        self._size = size
        self._restarts = 0

    def write(self, data: ReadableBuffer, /) -> int:
        if self._size is not None and self.tell() + memoryview(data).nbytes > self._size:
            super().truncate(0)
            raise OSError(f"the server sends more than the declared {self._size} bytes")
        return super().write(data)

    def truncate(self, size: int | None = None, /) -> int:
        self._restarts += 1
        if self._restarts > _RESTARTS:
            raise OSError("the connection breaks, and the server sends the file from its start again and again")
        return super().truncate(size)
