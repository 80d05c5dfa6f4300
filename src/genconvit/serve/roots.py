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
        without: path of a folder in it whose files may not be named.

    Raises:
        ConfigError: it is no folder.
    """

    def __init__(self, folder: Path, without: Path) -> None:
        if not folder.is_dir():
            raise ConfigError(f"--root {str(folder)!r} is no folder; give one that is there")
        self._folder, self._without = folder.resolve(), without.resolve()

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
            inside = path.is_relative_to(self._folder) and not path.is_relative_to(self._without)
        except (OSError, RuntimeError, ValueError):
            raise refused from None
        if not inside or not path.is_file():
            raise refused
        return path
