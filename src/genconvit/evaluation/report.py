"""Evaluations as they are written: for a terminal, as Markdown, CSV or JSON. No text of a file can steer any."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TextIO

from genconvit.core.text import csv_cell, markdown_cell, markdown_table
from genconvit.evaluation.evaluation import Evaluation
from genconvit.evaluation.folded import Piece, folded
from genconvit.evaluation.tables import Report, Table, group_name
from genconvit.metrics.intervals import Measure

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

PRINTED_WIDTH = 80
"""Width in characters of tables that do not go to a terminal."""

CSV_COLUMNS = (
    "file",
    "level",
    "group",
    "measure",
    "value",
    "low",
    "high",
    "why_not",
    "why_no_interval",
    "videos",
    "fakes",
)


def print_report(report: Report, console: Console) -> None:
    """Print tables in pieces that fit the terminal, or else 80 columns, and then lines.

    An interval stands below its number; where there is no terminal and room for it, beside it.
    """
    from rich.text import Text

    for table in report.tables:
        for piece in _pieces(table, console):
            console.print(_drawn(piece))
    for line in _lines(report):
        console.print(Text(line))


def write_markdown(report: Report, stream: TextIO) -> None:
    """Write tables as Markdown."""
    for each in report.tables:
        table = markdown_table(each.header, each.rows, range(each.texts, len(each.header)))
        stream.write(f"## {each.title}\n\n{table}\n")
    for line in _lines(report):
        stream.write(f"- {markdown_cell(line)}\n")


def write_csv(evaluations: Sequence[Evaluation], stream: TextIO) -> None:
    """Write one row for each measure of each file, level and group; notes are in JSON only."""
    writer = csv.DictWriter(stream, CSV_COLUMNS)
    writer.writeheader()
    for each in evaluations:
        videos, fakes = each.counts.measured, each.counts.measured_fakes
        writer.writerows(_csv_counts(each))
        writer.writerows(_csv_rows(each.name, "videos", "", each.measures, videos, fakes))
        writer.writerows(_csv_rows(each.name, "faces", "", each.face_measures, videos, fakes))
        for group in each.groups:
            name = group_name(group.group)
            writer.writerows(_csv_rows(each.name, "videos", name, group.measures, group.videos, group.fakes))


def write_json(evaluations: Sequence[Evaluation], stream: TextIO) -> None:
    """Write a list of ``Evaluation``, in ASCII."""
    stream.write(json.dumps([each.model_dump(mode="json") for each in evaluations], indent=2) + "\n")


def _pieces(table: Table, console: Console) -> list[Piece]:
    if console.is_terminal:
        return list(folded(table, console.width))
    rows = tuple(tuple(map(_on_one_line, row)) for row in table.rows)
    whole = list(folded(replace(table, rows=rows), PRINTED_WIDTH))
    return whole if len(whole) == 1 else list(folded(table, PRINTED_WIDTH))


def _drawn(piece: Piece) -> RichTable:
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(title=piece.table.title, title_justify="left")
    for number, (name, width) in enumerate(zip(piece.table.header, piece.widths, strict=True)):
        justify: Literal["left", "right"] = "left" if number < piece.table.texts else "right"
        drawn.add_column(Text(name), justify=justify, overflow="fold", width=width)
    for row in piece.table.rows:
        drawn.add_row(*map(Text, row))
    return drawn


def _on_one_line(cell: str) -> str:
    return cell.replace("\n", " ")


def _lines(report: Report) -> Iterator[str]:
    yield from (f"({mark}) {reason}" for reason, mark in report.footnotes.items())
    yield from report.lines


def _csv_counts(evaluation: Evaluation) -> Iterator[dict[str, object]]:
    counts = evaluation.counts
    for name, value in counts.model_dump().items():
        count = value if isinstance(value, int) else len(value)
        yield {"file": csv_cell(evaluation.name), "level": "counts", "measure": name, "value": count}


def _csv_rows(
    file: str, level: str, group: str, measures: dict[str, Measure], videos: int, fakes: int
) -> Iterator[dict[str, object]]:
    for name, measure in measures.items():
        yield {
            "file": csv_cell(file),
            "level": level,
            "group": csv_cell(group),
            "measure": name,
            **measure.model_dump(),
            "videos": videos,
            "fakes": fakes,
        }
