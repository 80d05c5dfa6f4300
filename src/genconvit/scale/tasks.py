"""Items that travel between the workers of a run: a source, its faces, its result."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from genconvit.core.types import on_host
from genconvit.pipeline.outcome import Cropped, Outcome
from genconvit.results.result import ManifestCell

Columns: TypeAlias = dict[str, Any]
"""Rows of a Ray Dataset: a list or an array for each column."""

Stage = Literal["find", "score"]
"""Work on a source in which a worker may die."""


@dataclass(frozen=True)
class Task:
    """A source of a run.

    Attributes:
        key: number that stands for the source, other for every one (64 bits, with sign).
        path: path or address of it; empty where it is given as bytes.
        name: name of it in its result.
        manifest: further columns of its row in a manifest; None where there are none.
        content: bytes of it; None where it is a path.
        kept: cells of its row that its result shall have beside it; None where there are none.
        error: reason why it cannot be read, known before; None where there is none.
    """

    key: int
    path: str
    name: str
    manifest: dict[str, ManifestCell] | None = None
    content: bytes | None = None
    kept: dict[str, Any] | None = None
    error: str | None = None


def tasks_of(rows: Columns) -> list[Task]:
    """The sources in rows.

    Args:
        rows: columns ``key``, ``path`` (bytes) and ``name``, and perhaps ``manifest`` (JSON), ``content``, ``kept`` and
            ``error``.
    """
    none = [None] * len(rows["key"])
    optional = [rows.get(name, none) for name in ("manifest", "content", "kept", "error")]
    return [
        Task(
            int(key),
            os.fsdecode(path),
            str(name),
            json.loads(manifest) if manifest else None,
            None if content is None else bytes(content),
            kept,
            error or None,
        )
        for key, path, name, manifest, content, kept, error in zip(
            rows["key"], rows["path"], rows["name"], *optional, strict=True
        )
    ]


def column_of(cells: Sequence[Any]) -> npt.NDArray[np.object_]:
    """A column of objects as they are: NumPy's own array of bytes would lose the zeros at their ends."""
    column = np.empty(len(cells), object)
    column[:] = cells
    return column


def faces_row(task: Task, outcome: Outcome, crops: Sequence[Cropped]) -> Columns:
    """A row with what was found in a source. Ray carries it between this run's own workers, so it is a pickle."""
    found = pickle.dumps((outcome, list(crops)), protocol=5)
    row: Columns = {"key": [task.key], "found": column_of([found])}
    return row if task.kept is None else {**row, "kept": [task.kept]}


def faces_of(found: bytes) -> tuple[Outcome, list[Cropped]]:
    """The outcome and the crops in a row that ``faces_row`` made."""
    outcome, crops = pickle.loads(found)  # noqa: S301 - made by this run's own workers
    return outcome, crops


def bytes_of(crop: Cropped) -> int:
    """Bytes that a face's crops take."""
    return sum(on_host(each.image).nbytes for each in crop.crops)
