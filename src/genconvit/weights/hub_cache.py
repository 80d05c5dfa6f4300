"""Places of a file in the cache of ``huggingface_hub``; its manual describes the layout under "cache".

``blobs/<hash>`` holds the content, ``snapshots/<commit>/<name>`` is a link to it, or the content itself where
links do not work, and ``refs/<branch or tag>`` names a commit.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path, PurePosixPath

from genconvit.core.files import partial_beside, written_whole
from genconvit.weights.hub_request import Request


class CacheEntry:
    """The places of one file at one commit.

    Args:
        request: the file.
        commit: 40 hexadecimal digits.
        declared: the hash of its content.
    """

    def __init__(self, request: Request, commit: str, declared: str) -> None:
        from huggingface_hub import constants
        from huggingface_hub.file_download import repo_folder_name

        self.commit, self.declared = commit, declared
        cache = Path(constants.HF_HUB_CACHE).expanduser().resolve()
        name = repo_folder_name(repo_id=request.repository, repo_type="model")
        self._cache, self._folder = cache, cache / name
        self._revision = request.revision or constants.DEFAULT_REVISION
        self.blob = self._folder / "blobs" / declared
        self.partial = self.blob.with_name(f"{declared}.genconvit.incomplete")
        self.pointer = self._folder / "snapshots" / commit / (request.filename or "")
        self.lock = cache / ".locks" / name / f"{declared}.lock"

    def make_folders(self) -> None:
        """Make the folders of everything but the reference."""
        for path in (self.lock, self.blob, self.pointer):
            path.parent.mkdir(parents=True, exist_ok=True)

    def accept(self) -> None:
        """Give the whole and verified partial file its names in the cache."""
        if self._links():
            self.partial.replace(self.blob)
            self._link()
        else:
            self.partial.replace(self.pointer)

    def show(self) -> None:
        """Give the content that the cache has already its name in this commit."""
        self.partial.unlink(missing_ok=True)
        if self._links():
            self._link()
        else:
            # Copied, as links to the content may be left from before.
            shutil.copyfile(self.blob, self.partial)
            self.partial.replace(self.pointer)

    def write_reference(self) -> None:
        """Note that the branch or tag that was asked for is this commit."""
        parts = PurePosixPath(self._revision).parts
        if self._revision == self.commit or ".." in parts or self._revision.startswith("/"):
            return
        path = self._folder / "refs" / self._revision
        if path.is_file() and path.read_text() == self.commit:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as partial:
            partial.write_text(self.commit)

    def _links(self) -> bool:
        from huggingface_hub.file_download import are_symlinks_supported

        return are_symlinks_supported(self._cache)

    def _link(self) -> None:
        temporary = partial_beside(self.pointer)
        temporary.symlink_to(os.path.relpath(self.blob, self.pointer.parent))
        temporary.replace(self.pointer)
