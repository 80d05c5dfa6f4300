"""Paths that clients may name: regular files below one folder, reached without a link out of it."""

from __future__ import annotations

from pathlib import Path

from genconvit.core.errors import ConfigError
from genconvit.serve.problems import Problem

_LONGEST = 4096


class AllowedRoot:
    """A folder whose files may be named.

    Args:
        folder: path of the folder.

    Raises:
        ConfigError: it is no folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise ConfigError(f"--root {str(folder)!r} is no folder; give one that is there")
        self._folder = folder.resolve()

    def find(self, given: str) -> Path:
        """The file that a client names, by a path below the folder, or by one that begins with it.

        Raises:
            Problem: it leads out of the folder, or to no regular file. Both look alike from outside.
        """
        refused = Problem(
            404, "inaccessible", f"{given[:200]!r} is no file below the folder that is allowed; check the path"
        )
        parts = Path(given).parts
        if not given or len(given) > _LONGEST or "\0" in given or ".." in parts or "://" in given:
            raise refused
        try:
            path = (self._folder / given).resolve(strict=True)  # an absolute path stays as it is
            inside = path.is_relative_to(self._folder) and path.is_file()
        except (OSError, RuntimeError, ValueError):
            raise refused from None
        if not inside:
            raise refused
        return path
