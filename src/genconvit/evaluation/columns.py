"""The layout of the reference's result files: columns ``name``, ``pred``, ``klass``, ``pred_label``, ``correct_label``.

This library's own files add the columns ``status`` and ``groups`` to it. Rows go by position, since names repeat.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, get_args

from genconvit.core.config import did_you_mean
from genconvit.core.errors import DatasetError
from genconvit.core.text import printable
from genconvit.evaluation.conventions import UNANSWERED
from genconvit.evaluation.scored import ScoredVideo
from genconvit.results.result import Label, Status

REQUIRED = ("name", "pred", "pred_label", "correct_label")
OPTIONAL = ("klass", "compression", "status", "groups")
LABELS: tuple[str, ...] = get_args(Label)
STATUSES: tuple[str, ...] = get_args(Status)
NO_FACE_SCORE = 0.5


def rows_of_columns(video: object, file: str) -> tuple[list[ScoredVideo], list[str]]:
    """The rows of a ``video`` block, and notes on how they are to be taken.

    Args:
        video: value that a file holds under ``video``.
        file: name of the file in errors.

    Raises:
        DatasetError: a column is missing, of another length or of another kind; names the row.
    """
    columns = _checked_columns(video, file)
    count = len(columns["name"])
    rows = []
    for position in range(count):
        row = {name: column[position] for name, column in columns.items()}
        try:
            rows.append(_row(row))
        except ValueError as error:
            raise DatasetError(f"{file}: row {position} of 'video': {error}") from None
    return rows, _notes(rows, stated="status" in columns)


def _checked_columns(video: object, file: str) -> dict[str, list[Any]]:
    if not isinstance(video, dict):
        raise DatasetError(f"{file}: 'video' is {_kind(video)}; it must be an object of columns, {', '.join(REQUIRED)}")
    missing = [name for name in REQUIRED if name not in video]
    if missing:
        hint = did_you_mean(missing[0], [name for name in video if isinstance(name, str)])
        raise DatasetError(
            f"{file}: 'video' has no column {missing[0]!r}{printable(hint)}; it needs {', '.join(REQUIRED)}, and may "
            f"have {', '.join(OPTIONAL)}"
        )
    columns = {name: video[name] for name in (*REQUIRED, *OPTIONAL) if name in video}
    for name, column in columns.items():
        if not isinstance(column, list):
            raise DatasetError(f"{file}: column {name!r} of 'video' is {_kind(column)}; it must be a list")
        if len(column) != len(columns["name"]):
            raise DatasetError(
                f"{file}: column {name!r} of 'video' has {len(column)} rows and 'name' has {len(columns['name'])}; "
                "the file is cut or edited: write it anew"
            )
    return columns


def _row(row: Mapping[str, Any]) -> ScoredVideo:
    status = _one_of("status", row.get("status", "ok"), STATUSES)
    stated = row["correct_label"]
    truth = None if stated in ("unknown", None) else _one_of("correct_label", stated, LABELS, "or 'unknown'")
    label = row["pred_label"]
    return ScoredVideo(
        name=_text("name", row["name"]),
        truth=truth,
        status=status,
        score=_score(row["pred"], status),
        predicted=None if label is None else _one_of("pred_label", label, LABELS, "or null"),
        groups=_groups(row, truth),
    )


def _score(value: object, status: str) -> float | None:
    if value is None and status in UNANSWERED:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        allowed = "" if status in UNANSWERED else "; null goes with the status no_face or unreadable only"
        raise ValueError(f"pred is {_kind(value)}; it must be a number from 0 to 1{allowed}")  # noqa: TRY004
    if not 0 <= value <= 1:
        raise ValueError(f"pred is {str(value)[:40]}; it must be a number from 0 to 1: turn logits into probabilities")
    return float(value)


def _groups(row: Mapping[str, Any], truth: str | None) -> dict[str, str]:
    """The groups that a row states, or else its compression and a fake's class.

    A real's class is no group, so that each class is held against all reals.
    """
    if "groups" in row:
        given = row["groups"]
        if not isinstance(given, dict):
            raise ValueError(f"groups is {_kind(given)}; it must be an object of texts")
        return {_text("groups", key): _text("groups", text) for key, text in given.items()}
    groups = {}
    classes = row.get("klass", [])
    parts = [_text("klass", part) for part in (classes if isinstance(classes, list) else [classes])]
    if truth == "FAKE" and any(parts):
        groups["class"] = ", ".join(parts)
    if row.get("compression") is not None:
        groups["compression"] = _text("compression", row["compression"])
    return groups


def _one_of(column: str, value: object, allowed: tuple[str, ...], more: str = "") -> str:
    if value not in allowed:
        choices = ", ".join(map(repr, allowed))
        raise ValueError(f"{column} is {_kind(value)}; it must be {' '.join(filter(None, (choices, more)))}")
    return str(value)


def _text(column: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{column} is {_kind(value)}; it must be a text")  # noqa: TRY004
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{column} is {_kind(value)}; it must be valid Unicode") from None
    return value


def _notes(rows: list[ScoredVideo], *, stated: bool) -> list[str]:
    notes = []
    twice = sum(times > 1 for times in Counter(row.name for row in rows).values())
    if twice:
        notes.append(f"{twice} names occur more than once; rows are told apart by their position")
    half = sum(row.score == NO_FACE_SCORE for row in rows)
    if not stated:
        which = f", also the {half} with a score of exactly 0.5, as the reference gives without a face" if half else ""
        notes.append(f"the file states no status: every row counts as it stands{which}")
    return notes


def _kind(value: object) -> str:
    """A value in an error: itself where it is short, else the beginning of it."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    text = printable(repr(value))
    return {"None": "null", "True": "true", "False": "false"}.get(text, text if len(text) <= 60 else text[:57] + "...")
