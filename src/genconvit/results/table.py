"""Results as a table for people: one row each, and below it what they have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from genconvit.core.text import printable
from genconvit.results.provenance import Provenance
from genconvit.results.result import UNTRAINED, VideoResult

COLUMNS = ("source", "verdict", "fake probability", "calibrated", "faces", "credentials", "notes")
OPTIONAL = frozenset({"calibrated", "credentials"})
"""Columns that are left out where no result fills them."""

NUMBERS = frozenset({"fake probability", "calibrated", "faces"})
"""Columns that hold numbers."""


@dataclass(frozen=True)
class ResultsTable:
    """Printable cells, for a terminal or for Markdown.

    Attributes:
        header: names of the columns.
        rows: cells of each result, in the order of the results.
        lines: lines below the table: what looked, the rules of the labels, notes that all results have.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[str, ...]


def results_table(results: Sequence[VideoResult]) -> ResultsTable:
    """The table of results; a column that none of them fills is left out."""
    shared = shared_notes([result.notes for result in results])
    rows = [_row(result, shared) for result in results]
    header = tuple(name for name in COLUMNS if name not in OPTIONAL or any(row[name] for row in rows))
    lines: dict[str, None] = {}
    for result in results:
        lines[basis_of(result.provenance)] = None
        if result.decision is not None:
            lines[printable(result.decision.summary)] = None
    lines.update(dict.fromkeys(f"all of them: {printable(note)}" for note in shared))
    return ResultsTable(header, tuple(tuple(row[name] for name in header) for row in rows), tuple(lines))


def basis_of(provenance: Provenance) -> str:
    """One line for people: what looked, and whether it had been trained."""
    trained = provenance.weights.trained
    return printable(provenance.summary if trained else f"{UNTRAINED}; {provenance.summary}")


def shared_notes(notes: Sequence[Sequence[str]]) -> list[str]:
    """The notes that each of several results has, which a table says once."""
    if len(notes) < 2:
        return []
    return [note for note in notes[0] if all(note in each for each in notes)]


def _row(result: VideoResult, shared: Sequence[str]) -> dict[str, str]:
    own = [note for note in result.notes if note not in shared]
    tracks = f" ({result.lasting_tracks} tracks)" if result.lasting_tracks > 1 else ""
    return {
        "source": printable(result.source),
        "verdict": result.headline,
        "fake probability": _number(result.fake_probability),
        "calibrated": _number(result.calibrated_probability),
        "faces": f"{len(result.faces)}{tracks}",
        "credentials": result.credentials.standing if result.credentials else "",
        "notes": printable("; ".join([*result.warnings, *own, result.reason or ""]).strip("; ")),
    }


def _number(probability: float | None) -> str:
    return "" if probability is None else f"{probability:.3f}"
