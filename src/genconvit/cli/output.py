r"""How results are written: a table, JSON, JSON lines or CSV. No text of a file can steer a terminal.

- JSON and JSON lines are ASCII, with everything else as ``\u`` escapes; they give every text back exactly.
- Tables and CSV show control characters as backslash escapes.
- A text cell of a CSV that begins with ``=``, ``+``, ``-`` or ``@`` gets a ``'`` before it, so that no spreadsheet
  takes it for a formula: a source called ``-clip.mp4`` is ``'-clip.mp4`` there. Take JSON lines to read names back.
- A table that does not go to a terminal is as wide as its content, so that each result is one line.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO, TypeVar

from genconvit.cli.left_out import TITLE, left_out_lines
from genconvit.core.errors import ConfigError
from genconvit.core.text import csv_cell, printable

if TYPE_CHECKING:
    from rich.console import Console

    from genconvit.core.left_out import LeftOut
    from genconvit.results.provenance import Provenance
    from genconvit.results.result import VideoResult

F = TypeVar("F")

UNFOLDED = 100_000
"""The width of a console that is no terminal: more than any content has."""


class Format(str, Enum):
    """The formats of results."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"

    @classmethod
    def of(cls, output: Path | None) -> Format:
        """The format that a file's suffix names; a table for stdout, and where there is no suffix.

        Raises:
            ConfigError: no format has this suffix.
        """
        return format_of(output, {".json": cls.json, ".jsonl": cls.jsonl, ".csv": cls.csv, ".txt": cls.table})


CSV_COLUMNS = (
    "source",
    "status",
    "label",
    "fake_probability",
    "calibrated_probability",
    "threshold",
    "published_score",
    "faces",
    "tracks",
    "frames",
    "person",
    "score_rule",
    "architecture",
    "weights",
    "notes",
    "reason",
)


_TABLE_COLUMNS: dict[str, Literal["left", "right"]] = {
    "source": "left",
    "verdict": "left",
    "fake probability": "right",
    "calibrated": "right",
    "faces": "right",
    "notes": "left",
}


def format_of(output: Path | None, formats: Mapping[str, F]) -> F:
    """The format that a file's suffix names; that of ``.txt`` for stdout, and where there is no suffix.

    Raises:
        ConfigError: no format has this suffix.
    """
    suffix = output.suffix.lower() if output else ""
    if suffix and suffix not in formats:
        raise ConfigError(
            f"--output {str(output)!r}: no format has the suffix {suffix!r}; give one of {', '.join(formats)} (a "
            "table), or --format NAME beside it"
        )
    return formats[suffix or ".txt"]


def write_results(
    results: Iterable[VideoResult], form: Format, stream: TextIO, left_out: Sequence[LeftOut] = ()
) -> None:
    """Write results as they come; JSON and the table wait for the last one, and the table names what was left out.

    Where something ends them early, those that were finished are written, if there are any.
    """
    if form is Format.jsonl:
        _write_jsonl(results, stream)
    elif form is Format.csv:
        _write_csv(results, stream)
    else:
        _write_at_the_end(
            results, _write_json if form is Format.json else partial(_write_table, left_out=left_out), stream
        )


def _write_at_the_end(
    results: Iterable[VideoResult], write: Callable[[Sequence[VideoResult], TextIO], None], stream: TextIO
) -> None:
    finished: list[VideoResult] = []
    try:
        for result in results:
            finished.append(result)  # noqa: PERF402 - what is there when an error comes is kept
    except BaseException:
        if finished:
            write(finished, stream)
        raise
    write(finished, stream)


def console_for(stream: TextIO | None) -> Console:
    """A console that folds its lines on a terminal only."""
    from rich.console import Console

    is_terminal = stream is not None and stream.isatty()
    return Console(file=stream, width=None if is_terminal else UNFOLDED)


def basis_of(provenance: Provenance) -> str:
    """One line for people: what looked, and whether it had been trained."""
    from genconvit.results.result import UNTRAINED

    trained = provenance.weights.trained
    return printable(provenance.summary if trained else f"{UNTRAINED}; {provenance.summary}")


def _write_jsonl(results: Iterable[VideoResult], stream: TextIO) -> None:
    for result in results:
        stream.write(json.dumps(result.model_dump(mode="json")) + "\n")
        stream.flush()


def _write_json(results: Sequence[VideoResult], stream: TextIO) -> None:
    stream.write(json.dumps([result.model_dump(mode="json") for result in results], indent=2) + "\n")


def _write_csv(results: Iterable[VideoResult], stream: TextIO) -> None:
    writer = csv.DictWriter(stream, CSV_COLUMNS)
    for number, result in enumerate(results):
        if not number:
            writer.writeheader()  # not before there is a result to keep
        writer.writerow(
            {
                "source": csv_cell(result.source),
                "status": result.status,
                "label": result.label,
                "fake_probability": result.fake_probability,
                "calibrated_probability": result.calibrated_probability,
                "threshold": result.decision.threshold if result.decision else None,
                "published_score": result.published_score,
                "faces": len(result.faces),
                "tracks": len(result.tracks),
                "frames": len(result.provenance.frame_indices),
                "person": result.person,
                "score_rule": csv_cell(result.score_rule or ""),
                "architecture": csv_cell(result.provenance.architecture),
                "weights": result.provenance.weights.origin,
                "notes": csv_cell("; ".join(result.notes)),
                "reason": csv_cell(result.reason or ""),
            }
        )
        stream.flush()


def _write_table(results: Sequence[VideoResult], stream: TextIO, left_out: Sequence[LeftOut]) -> None:
    from rich.table import Table
    from rich.text import Text

    shared = _notes_of_all(results)
    rows = [_row(result, shared) for result in results]
    lines: dict[str, None] = {}
    for result in results:
        lines[basis_of(result.provenance)] = None
        if result.decision is not None:
            lines[printable(result.decision.summary)] = None
    calibrated = any(row["calibrated"] for row in rows)
    table = Table()
    for name, justify in _TABLE_COLUMNS.items():
        if name != "calibrated" or calibrated:
            table.add_column(name, justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for name, cell in row.items() if name != "calibrated" or calibrated))
    console = console_for(stream)
    console.print(table)
    omitted = map(printable, left_out_lines(TITLE, left_out) if left_out else ())
    for line in [*lines, *(f"all of them: {printable(note)}" for note in shared), *omitted]:
        console.print(Text(line))


def _notes_of_all(results: Sequence[VideoResult]) -> list[str]:
    """The notes that each of several results has, which a table says once."""
    if len(results) < 2:
        return []
    return [note for note in results[0].notes if all(note in result.notes for result in results)]


def _row(result: VideoResult, shared: Sequence[str]) -> dict[str, str]:
    own = [note for note in result.notes if note not in shared]
    tracks = f" ({result.lasting_tracks} tracks)" if result.lasting_tracks > 1 else ""
    cells = (
        printable(result.source),
        result.headline,
        _number(result.fake_probability),
        _number(result.calibrated_probability),
        f"{len(result.faces)}{tracks}",
        printable("; ".join([*own, result.reason or ""]).strip("; ")),
    )
    return dict(zip(_TABLE_COLUMNS, cells, strict=True))


def _number(probability: float | None) -> str:
    return "" if probability is None else f"{probability:.3f}"
