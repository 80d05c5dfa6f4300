"""Labels from outside for scored videos: by path, or else by a file name that is unique."""

from __future__ import annotations

import ntpath
import os
from collections import Counter
from collections.abc import Mapping, Sequence

from genconvit.data.base import LabelledSource, Listing
from genconvit.evaluation.scored import ScoredVideo
from genconvit.results.result import Label

Labels = Mapping[str, Label] | Listing
"""Labels by path, or what a data set holds."""


def with_labels(rows: Sequence[ScoredVideo], labels: Labels) -> tuple[list[ScoredVideo], list[str]]:
    """The rows with truth and groups from labels, and notes on those that got none.

    A row keeps the truth that it has.

    Args:
        rows: videos whose names are paths or file names.
        labels: a mapping from paths to labels, or a listing.
    """
    sources = _sources(labels)
    by_path = {_resolved(source.path): source for source in sources}
    by_name: dict[str, list[LabelledSource]] = {}
    for source in sources:
        by_name.setdefault(_file_name(source.path), []).append(source)
    times = Counter(_file_name(row.name) for row in rows)
    made, missing, ambiguous, contradicted = [], 0, 0, 0
    for row in rows:
        name = _file_name(row.name)
        found = [by_path[path]] if (path := _resolved(row.name)) in by_path else by_name.get(name, [])
        by_name_only = path not in by_path
        if not found:
            missing += 1
            made.append(row)
        elif by_name_only and (len(found) > 1 or times[name] > 1):
            ambiguous += 1
            made.append(row)
        else:
            contradicted += None not in (row.truth, found[0].label) and row.truth != found[0].label
            made.append(_joined(row, found[0]))
    notes = [
        (missing, "have no entry in the labels"),
        (ambiguous, "share their file name with another, so that no label can be told"),
        (contradicted, "have another label in the labels than in the results, whose own counts"),
    ]
    return made, [f"{count} of {len(rows)} videos {what}" for count, what in notes if count]


def _sources(labels: Labels) -> Sequence[LabelledSource]:
    if isinstance(labels, Listing):
        return labels.sources
    return [LabelledSource(path=path, name=path, label=label) for path, label in labels.items()]


def _joined(row: ScoredVideo, source: LabelledSource) -> ScoredVideo:
    update = {"truth": row.truth or source.label, "groups": {**source.groups, **row.groups}}
    return row.model_copy(update=update)


def _resolved(path: str) -> str:
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):  # a null character, a name that is too long
        return path


def _file_name(path: str) -> str:
    return ntpath.basename(path)  # knows both kinds of slashes
