"""Weight files from a Hugging Face hub, each one checked against the hash that the hub declares for it.

The environment variables of ``huggingface_hub`` hold: ``HF_HOME``, ``HF_ENDPOINT``, ``HF_HUB_OFFLINE``,
``HF_TOKEN``, and in seconds ``HF_HUB_ETAG_TIMEOUT`` (the question for a file, asked once) and
``HF_HUB_DOWNLOAD_TIMEOUT`` (a silence in the middle of a file; six in a row end the download). A download
that is cut goes on where it stopped: within the call, and in a later call or another process, also after
Ctrl-C.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from genconvit.core.errors import WeightsError
from genconvit.weights.hub_check import declared_by_cache, is_hash, sha256_of_verified
from genconvit.weights.hub_errors import explain, explain_missing
from genconvit.weights.hub_fetch import fetch
from genconvit.weights.hub_request import PUBLISHED_FILES, PUBLISHED_REPOSITORY, Request

__all__ = ["PUBLISHED_FILES", "PUBLISHED_REPOSITORY", "HubFile", "cached", "download", "list_files"]


@dataclass(frozen=True)
class HubFile:
    """A file of a hub on this machine, whose content is the one that the hub declared.

    Attributes:
        path: path that it lies at.
        repository: ``owner/name``.
        filename: name of the file in the repository.
        revision: the commit it belongs to, 40 hexadecimal digits.
        sha256: SHA-256 of its content, 64 hexadecimal digits.
    """

    path: Path
    repository: str
    filename: str
    revision: str
    sha256: str


def download(repository: str, filename: str, *, revision: str | None = None) -> HubFile:
    """Fetch a file, or take it from the cache where it has not changed since or the hub cannot be reached.

    A file of a given commit that is in the cache is taken without a question to the hub. A download that
    failed or was interrupted is gone on with by the next call.

    Args:
        repository: ``owner/name``.
        filename: the file's name in the repository.
        revision: a branch, a tag or a commit; the default branch where it is not given.

    Raises:
        WeightsError: the file is neither in the cache nor to be had, or its content is not the declared one.
    """
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import RemoteEntryNotFoundError, RevisionNotFoundError

    request = Request(repository, filename, revision)
    if revision is not None and re.fullmatch("[0-9a-f]{40}", revision):
        kept = cached(repository, filename, revision)
        if kept is not None:
            return kept
    try:
        # Asked once: hf_hub_download by itself would retry a hub out of reach for minutes.
        url = hf_hub_url(repository, filename, revision=revision)
        declared = get_hf_file_metadata(url, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    except Exception as error:  # httpx, proxies and the system raise types of their own
        gone = isinstance(error, (RevisionNotFoundError, RemoteEntryNotFoundError))
        kept = None if gone else cached(repository, filename, revision)
        if kept is not None:
            return kept
        if isinstance(error, RemoteEntryNotFoundError):
            raise _missing(request, error) from error
        raise WeightsError(explain(request, error)) from error
    try:
        path = fetch(request, declared)
    except WeightsError:
        raise
    except Exception as error:  # as above
        raise WeightsError(explain(request, error)) from error
    return _verified(request, path, declared.etag)


def cached(repository: str, filename: str, revision: str | None = None) -> HubFile | None:
    """The file as the cache holds it, or None; the network is not touched.

    Args:
        repository: ``owner/name``.
        filename: the file's name in the repository.
        revision: a branch, a tag or a commit; the default branch where it is not given.

    Raises:
        WeightsError: the file is damaged (it is then removed), or the cache does not say which hash it should
            have, as on a file system without symbolic links.
    """
    from huggingface_hub import try_to_load_from_cache

    request = Request(repository, filename, revision)
    found = try_to_load_from_cache(repository, filename, revision=revision)
    if not isinstance(found, str):
        return None
    return _verified(request, Path(found), declared_by_cache(Path(found)))


def list_files(repository: str, revision: str | None = None) -> list[str]:
    """The sorted names of a repository's files; of those in the cache where the hub cannot be reached.

    Raises:
        WeightsError: the hub does not answer or refuses, and the cache knows nothing of the repository.
    """
    from huggingface_hub import HfApi, constants, snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError, RevisionNotFoundError

    request = Request(repository, None, revision)
    try:
        info = HfApi().model_info(repository, revision=revision, timeout=constants.HF_HUB_ETAG_TIMEOUT)
        return sorted(sibling.rfilename for sibling in info.siblings or [])
    except Exception as error:  # httpx, proxies and the system raise types of their own
        if isinstance(error, RevisionNotFoundError):
            raise WeightsError(explain(request, error)) from error
        try:
            snapshot = Path(snapshot_download(repository, revision=revision, local_files_only=True))
        except LocalEntryNotFoundError:
            raise WeightsError(explain(request, error)) from error
        return sorted(path.relative_to(snapshot).as_posix() for path in snapshot.rglob("*") if path.is_file())


def _verified(request: Request, path: Path, declared: str | None) -> HubFile:
    if declared is None or not is_hash(declared):
        raise WeightsError(
            f"{path} cannot be verified: no hash that the hub declares for {request} is known "
            f"(known: {declared}; the cache keeps it only where symbolic links work); connect, so that "
            "the hub can be asked, or check the file yourself and give its path as the weights"
        )
    sha256 = sha256_of_verified(request, path, declared)
    return HubFile(path, request.repository, request.filename or "", request.commit_of(path), sha256)


def _missing(request: Request, error: Exception) -> WeightsError:
    try:
        return WeightsError(explain_missing(request, list_files(request.repository, request.revision)))
    except WeightsError:
        return WeightsError(explain(request, error))
