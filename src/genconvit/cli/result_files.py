"""Files of results that a command is given, and their labels."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from genconvit.core.errors import DatasetError
from genconvit.core.text import printable

if TYPE_CHECKING:
    from genconvit.data.base import Listing
    from genconvit.evaluation.scored import ScoredSet


def expand_files(given: Iterable[str]) -> list[Path]:
    """The files that paths and patterns name, each once, a pattern's by name.

    Raises:
        DatasetError: a pattern matches nothing.
    """
    files: dict[Path, None] = {}
    for text in given:
        is_pattern = not Path(text).exists() and glob.has_magic(text)
        matches = sorted(glob.glob(text, recursive=True)) if is_pattern else [text]  # noqa: PTH207 - may be absolute
        if not matches:
            raise DatasetError(f"no file matches {text!r}; check the pattern")
        files.update(dict.fromkeys(map(Path, matches)))
    return list(files)


def read_sets(files: Sequence[Path], labels: Path | None, *, need_truth: bool = True) -> list[ScoredSet]:
    """The scored videos of each file.

    Raises:
        DatasetError: a file or the labels cannot be read, or a file holds no video whose truth is known although this
            is needed.
    """
    from genconvit.evaluation.results_file import read_results

    listing = _listing(labels) if labels else None
    sets = [read_results(file, listing) for file in files]
    for file, scored in zip(files, sets, strict=True):
        if need_truth and all(row.truth is None for row in scored.rows):
            why = f" ({'; '.join(scored.notes)})" if labels and scored.notes else ""
            raise DatasetError(
                f"{printable(str(file))} holds no video whose label is known{printable(why)}; give --labels FILE.csv "
                "with the columns path and label"
            )
    return sets


def _listing(labels: Path) -> Listing:
    from genconvit.data.listing import list_dataset

    return list_dataset("csv", labels, None)
