"""The way in which a run goes on."""

from __future__ import annotations

from dataclasses import dataclass
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
