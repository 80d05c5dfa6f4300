"""Results as text: JSON, JSON lines, CSV and Markdown. No text of a file can steer what reads them.

- JSON and JSON lines are ASCII, with everything else as escapes; they give every text back exactly.
- CSV and Markdown show control characters as backslash escapes.
- A text cell of a CSV that begins with ``=``, ``+``, ``-`` or ``@`` gets a ``'`` before it, so that no spreadsheet
  takes it for a formula. Take JSON lines to read names back.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from typing import TextIO

from genconvit.core.text import csv_cell, markdown_cell, markdown_table
from genconvit.results.result import VideoResult
from genconvit.results.table import NUMBERS, results_table


def results_to_json(results: Sequence[VideoResult], stream: TextIO) -> None:
    """Write a list of results."""
    stream.write(json.dumps([result.model_dump(mode="json") for result in results], indent=2) + "\n")


def json_line(result: VideoResult) -> str:
    """Give a result as a line of JSON, without its end."""
    return json.dumps(result.model_dump(mode="json"))


def results_to_json_lines(results: Iterable[VideoResult], stream: TextIO) -> None:
    """Write results as they come, a line each."""
    for result in results:
        stream.write(json_line(result) + "\n")
        stream.flush()


def results_to_csv(results: Iterable[VideoResult], stream: TextIO) -> None:
    """Write results as they come, a row each, as ``VideoResult.to_row`` has it; nothing where there is none.

    Args:
        results: the results.
        stream: a text stream; a file is opened with ``newline=""``.

    Examples:
        >>> import io
        >>> stream = io.StringIO()
        >>> results_to_csv([], stream)
        >>> stream.getvalue()
        ''
    """
    writer: csv.DictWriter[str] | None = None
    for result in results:
        row = result.to_row()
        if writer is None:  # not before there is a result to keep
            writer = csv.DictWriter(stream, list(row))
            writer.writeheader()
        writer.writerow({name: csv_cell(cell) if isinstance(cell, str) else cell for name, cell in row.items()})
        stream.flush()


def results_to_markdown(results: Sequence[VideoResult], stream: TextIO) -> None:
    """Write a table of results, and below it what looked and by which rule."""
    table = results_table(results)
    numbers = {column for column, name in enumerate(table.header) if name in NUMBERS}
    stream.write(markdown_table(table.header, table.rows, numbers) + "\n")
    stream.writelines(f"- {markdown_cell(line)}\n" for line in table.lines)
