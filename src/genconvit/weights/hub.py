"""Weight files from a Hugging Face hub, each one checked against the hash that the hub declares for it.

The environment variables of ``huggingface_hub`` hold: ``HF_HOME``, ``HF_ENDPOINT``, ``HF_HUB_OFFLINE``,
``HF_TOKEN``, and in seconds ``HF_HUB_ETAG_TIMEOUT`` (the question for a file, asked once) and
``HF_HUB_DOWNLOAD_TIMEOUT`` (a silence in the middle of a file; six in a row end the download). A download
that is cut goes on where it stopped, within the same call; a later call may have to begin again, which is up
to the installed ``huggingface_hub``.
"""

from __future__ import annotations

import errno
import hashlib
import re
import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from genconvit.config import did_you_mean
from genconvit.errors import WeightsError

if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError

PUBLISHED_REPOSITORY = "Deressa/GenConViT"
"""Where the authors of GenConViT publish their weights."""

PUBLISHED_FILES = {"ed": "genconvit_ed_inference.pth", "vae": "genconvit_vae_inference.pth"}
"""The published file of each branch."""

_WAYS_ON = """Three ways on:
  1. connect this machine and run `genconvit weights download`;
  2. give files that are already on disk: weights={"ed": PATH, "vae": PATH}, or on the command line
     --weights ed=PATH --weights vae=PATH;
  3. weights="random" for a trial without a verdict."""


@dataclass(frozen=True)
class HubFile:
    """A file of a hub on this machine, whose content is the one that the hub declared.

    Attributes:
        path: where it lies.
        repository: ``owner/name``.
        filename: its name in the repository.
        revision: the commit it belongs to, 40 hexadecimal digits.
        sha256: of its content, 64 hexadecimal digits.
    """

    path: Path
    repository: str
    filename: str
    revision: str
    sha256: str


def download(repository: str, filename: str, *, revision: str | None = None) -> HubFile:
    """Fetch a file, or take it from the cache where it has not changed since or the hub cannot be reached.

    A file of a given commit that is in the cache is taken without a question to the hub.

    Args:
        repository: ``owner/name``.
        filename: the file's name in the repository.
        revision: a branch, a tag or a commit; the default branch where it is not given.

    Raises:
        WeightsError: the file is neither in the cache nor to be had, or its content is not the declared one.
    """
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub.errors import RemoteEntryNotFoundError, RevisionNotFoundError

    request = _Request(repository, filename, revision)
    if revision is not None and re.fullmatch("[0-9a-f]{40}", revision):
        kept = cached(repository, filename, revision)
        if kept is not None:
            return kept
    try:
        # Asked first and once: hf_hub_download by itself would retry a hub out of reach for minutes.
        url = hf_hub_url(repository, filename, revision=revision)
        declared = get_hf_file_metadata(url, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    except Exception as error:  # httpx, proxies and the system raise types of their own
        gone = isinstance(error, (RevisionNotFoundError, RemoteEntryNotFoundError))
        kept = None if gone else cached(repository, filename, revision)
        if kept is not None:
            return kept
        raise WeightsError(_explain(request, error)) from error
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="Not enough free disk space")
            path = Path(hf_hub_download(repository, filename, revision=revision))
    except Exception as error:  # as above, and hf_xet
        raise WeightsError(_explain(request, error)) from error
    same = declared.commit_hash == request.commit_of(path)
    return _verified(request, path, declared.etag if same else _declared_by_cache(path))


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

    request = _Request(repository, filename, revision)
    found = try_to_load_from_cache(repository, filename, revision=revision)
    if not isinstance(found, str):
        return None
    return _verified(request, Path(found), _declared_by_cache(Path(found)))


def list_files(repository: str, revision: str | None = None) -> list[str]:
    """The sorted names of a repository's files; of those in the cache where the hub cannot be reached.

    Raises:
        WeightsError: the hub does not answer or refuses, and the cache knows nothing of the repository.
    """
    from huggingface_hub import HfApi, constants, snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError, RevisionNotFoundError

    request = _Request(repository, None, revision)
    try:
        info = HfApi().model_info(repository, revision=revision, timeout=constants.HF_HUB_ETAG_TIMEOUT)
        return sorted(sibling.rfilename for sibling in info.siblings or [])
    except Exception as error:  # httpx, proxies and the system raise types of their own
        if isinstance(error, RevisionNotFoundError):
            raise WeightsError(_explain(request, error)) from error
        try:
            snapshot = Path(snapshot_download(repository, revision=revision, local_files_only=True))
        except LocalEntryNotFoundError:
            raise WeightsError(_explain(request, error)) from error
        return sorted(path.relative_to(snapshot).as_posix() for path in snapshot.rglob("*") if path.is_file())


@dataclass(frozen=True)
class _Request:
    """What is asked of the hub; checks the names before anything is sent."""

    repository: str
    filename: str | None
    revision: str | None

    def __post_init__(self) -> None:
        from huggingface_hub import hf_hub_url
        from huggingface_hub.errors import HFValidationError

        try:
            hf_hub_url(self.repository, "any")
        except HFValidationError as error:
            raise WeightsError(self._bad_repository(str(error))) from error
        if "/" not in self.repository:
            raise WeightsError(self._bad_repository("It has no owner."))
        name = self.filename
        if name is not None and (not name or name.startswith("/") or "\\" in name or ".." in name.split("/")):
            raise WeightsError(
                f"{name!r} is not the name of a file in a repository; "
                f"it is a relative path with '/', such as {PUBLISHED_FILES['ed']!r}"
            )

    def _bad_repository(self, reason: str) -> str:
        return (
            f"{self.repository!r} is not a repository on the hub, which is written owner/name, such as "
            f"{PUBLISHED_REPOSITORY!r}; a file on disk is given by a path that exists. {reason}"
        )

    def __str__(self) -> str:
        what = "the list of files" if self.filename is None else f"the file {self.filename!r}"
        return f"{what} of {self.repository!r} at revision {self.revision or 'main'!r}"

    def commit_of(self, path: Path) -> str:
        """The commit that the cache keeps ``path`` under."""
        return path.parents[len(PurePosixPath(self.filename or "").parts) - 1].name


def _explain(request: _Request, error: Exception) -> str:
    """The one message for whatever went wrong between this machine and the hub."""
    from huggingface_hub import constants
    from huggingface_hub.errors import HfHubHTTPError

    hub, cache = constants.ENDPOINT, constants.HF_HUB_CACHE
    refusal = _explain_refusal(request, error, hub) if isinstance(error, HfHubHTTPError) else None
    if refusal is not None:
        return refusal
    number = getattr(error, "errno", None)
    if isinstance(error, UserWarning) or number in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk that holds {cache} has no room for {request}; make room or set HF_HOME. {error}"
    if number in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR):
        return f"cannot write {request} to {cache}; set HF_HOME to a folder that can be written to. {error}"
    return (
        f"{request} is not on this machine and could not be downloaded: {_reason(error)}. "
        f"Looked in the cache {cache} and at {hub}. {_WAYS_ON}"
    )


def _explain_refusal(request: _Request, error: HfHubHTTPError, hub: str) -> str | None:
    """The message for what the hub says no to; None where it is only out of order."""
    from huggingface_hub import errors

    repository = request.repository
    if isinstance(error, errors.GatedRepoError):
        return (
            f"{repository!r} gives its files only to people whom its owner let in: ask for access at "
            f"{hub}/{repository}, then run `hf auth login` or set HF_TOKEN"
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return (
            f"there is no repository {repository!r} at {hub}, or it is private"
            f"{did_you_mean(repository, [PUBLISHED_REPOSITORY])}; check its name, or for a private one run "
            "`hf auth login` or set HF_TOKEN"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return (
            f"{repository!r} has no revision {request.revision!r}; give one of its branches, tags or commits "
            f"({hub}/{repository}/tree/main lists them), or none for its default branch"
        )
    if isinstance(error, errors.RemoteEntryNotFoundError):
        return f"there is no {str(request).removeprefix('the ')}{_what_there_is(request)}"
    if error.response.status_code in (401, 403):
        return (
            f"{hub} refused {request} with status {error.response.status_code}; "
            "check the token in HF_TOKEN or run `hf auth login` again"
        )
    return None


def _reason(error: BaseException) -> str:
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    if isinstance(error, LocalEntryNotFoundError) and error.__cause__ is not None:
        return _reason(error.__cause__)
    if isinstance(error, OfflineModeIsEnabled):
        return "offline mode is on (HF_HUB_OFFLINE)"
    if isinstance(error, HfHubHTTPError):
        return f"the hub answered with status {error.response.status_code}"
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0].rstrip('.')}".rstrip(": ")


def _what_there_is(request: _Request) -> str:
    try:
        names = list_files(request.repository, request.revision)
    except WeightsError:
        return "; check its name"
    shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
    return f"{did_you_mean(request.filename or '', names)}; it holds: {shown or 'nothing'}"


def _declared_by_cache(pointer: Path) -> str | None:
    """The hash that the hub declared at the download: the cache's links point to a file of that name."""
    return pointer.readlink().name if pointer.is_symlink() else None


def _verified(request: _Request, path: Path, declared: str | None) -> HubFile:
    if declared is None or not re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", declared):
        raise WeightsError(
            f"{path} cannot be verified: no hash that the hub declares for {request} is known "
            f"(known: {declared}; the cache keeps it only where symbolic links work); connect, so that "
            "the hub can be asked, or check the file yourself and give its path as the weights"
        )
    status = path.stat()
    version = str(path), status.st_size, status.st_mtime_ns
    computed = _hash(*version, as_git=len(declared) == 40)
    if computed != declared:
        raise WeightsError(
            f"{path} is damaged or not what the hub declared for {request}: declared hash {declared}, "
            f"computed {computed}. {_remove(path)}"
        )
    return HubFile(
        path, request.repository, request.filename or "", request.commit_of(path), _hash(*version, as_git=False)
    )


@lru_cache(maxsize=32)
def _hash(path: str, size: int, modified_ns: int, *, as_git: bool) -> str:  # noqa: ARG001 - part of the key
    """The SHA-256, by which the hub names large files, or git's SHA-1, by which it names small ones."""
    digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False) if as_git else hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


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
