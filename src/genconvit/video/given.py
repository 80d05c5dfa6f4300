"""A source with what is known of it beside its file: another name, a manifest's columns, where it was fetched from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from genconvit.core.errors import SourceError

if TYPE_CHECKING:  # a worker that decodes goes without pydantic
    from genconvit.results.provenance import RemoteObject
    from genconvit.results.result import ManifestCell


@dataclass(frozen=True)
class RemoteState:
    """State of an object on another machine, as its server tells it.

    Attributes:
        etag: entity tag of its bytes; None where the server gives none.
        modified: time of its last change; None where the server gives none.
        size: number of its bytes; None where the server does not say it.
    """

    etag: str | None
    modified: datetime | None
    size: int | None


@dataclass(frozen=True, eq=False)
class GivenSource(os.PathLike[str]):
    """A path that stands in a result under its name, and brings along what the result says of it.

    Attributes:
        path: path of the file on this machine; empty where there is an error.
        name: name of the source in results and messages.
        manifest: further columns of the manifest's row; None without a manifest.
        remote: object that the file is a copy of; None for a local file.
        state: state of the object that an address leads to; None where its server was not asked, or does not tell.
        error: reason why it cannot be read, known before it is opened; else None.
        lease: anything that is to live as long as the file is needed.
    """

    path: str
    name: str
    manifest: Mapping[str, ManifestCell] | None = None
    remote: RemoteObject | None = None
    state: RemoteState | None = None
    error: SourceError | None = None
    lease: object = None

    def __fspath__(self) -> str:
        return self.path
