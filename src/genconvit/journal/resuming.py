"""The way in which a run goes on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

IdentityKind = Literal["stat", "sha256"]
"""Kind of an identity: by size and time, or by content."""


@dataclass(frozen=True)
class Resuming:
    """Way in which a run goes on where another one ended.

    Attributes:
        identity: kind of the identity of files.
        retry: do again what could not be read.
    """

    identity: IdentityKind = "stat"
    retry: bool = False


def folder_beside(results: Path) -> Path:
    """The folder of a journal, beside the file of its results."""
    return Path(f"{results}.run")


def has_journal(results: Path) -> bool:
    """Tell whether a file of results is a journal's; a path that cannot be is none's."""
    return os.path.isdir(folder_beside(results))  # noqa: PTH112 - that of a Path raises an error for some paths
