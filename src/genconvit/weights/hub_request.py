"""Request to a hub: one file of a repository at a revision, or the list of its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from genconvit.core.errors import WeightsError

PUBLISHED_REPOSITORY = "Deressa/GenConViT"
"""Repository in which the authors of GenConViT publish their weights."""

PUBLISHED_FILES = {"ed": "genconvit_ed_inference.pth", "vae": "genconvit_vae_inference.pth"}
"""The published file of each branch."""


@dataclass(frozen=True)
class Request:
    """A question to the hub, whose names were checked before anything is sent.

    Attributes:
        repository: ``owner/name``.
        filename: the file's name in the repository; None for the list of all of them.
        revision: a branch, a tag or a commit; None for the default branch.
    """

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
