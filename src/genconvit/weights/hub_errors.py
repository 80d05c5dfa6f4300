"""The messages for what can go wrong between this machine and a hub."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from genconvit.core.config import did_you_mean
from genconvit.weights.hub_request import PUBLISHED_REPOSITORY, Request

if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError

_WAYS_ON = """Four ways on:
  1. take the small V2 that ships with the library, trained on face swaps alone: Detector(weights="embedded"), or on the
     command line --weights embedded, either without an architecture; its results say how often it is wrong;
  2. connect this machine and run `genconvit weights download`;
  3. give files that are already on disk: weights={"ed": PATH, "vae": PATH}, or on the command line
     --weights ed=PATH --weights vae=PATH;
  4. weights="random" for a trial without a verdict."""


def explain(request: Request, error: Exception, kept: str = "") -> str:
    """The message for an error of the hub, of the way to it, or of the disk.

    Args:
        request: request that was made.
        error: error that came instead.
        kept: clause that says what is left for the next call.
    """
    from huggingface_hub import constants
    from huggingface_hub.errors import HfHubHTTPError

    hub, cache = constants.ENDPOINT, constants.HF_HUB_CACHE
    refusal = _explain_refusal(request, error, hub) if isinstance(error, HfHubHTTPError) else None
    if refusal is not None:
        return refusal
    kept = kept and f"; {kept}"
    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk that holds {cache} has no room for {request}{kept}; make room or set HF_HOME. {error}"
    if number in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR):
        return f"cannot write {request} to {cache}; set HF_HOME to a folder that can be written to. {error}"
    return (
        f"{request} is not on this machine and could not be downloaded: {_reason(error)}{kept}. "
        f"Looked in the cache {cache} and at {hub}. {_WAYS_ON}"
    )


def explain_missing(request: Request, names: list[str]) -> str:
    """The message for a file that is not in its repository.

    Args:
        request: request that was made.
        names: the files that the repository holds.
    """
    shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
    meant = did_you_mean(request.filename or "", names)
    return f"there is no {str(request).removeprefix('the ')}{meant}; it holds: {shown or 'nothing'}"


def _explain_refusal(request: Request, error: HfHubHTTPError, hub: str) -> str | None:
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
        return f"there is no {str(request).removeprefix('the ')}; check its name"
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
