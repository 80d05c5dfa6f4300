"""How results are written: a table, JSON, JSON lines or CSV. Text from files is escaped for terminals."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from genconvit.errors import ConfigError

if TYPE_CHECKING:
    from genconvit.result import VideoResult


class Format(str, Enum):
    """The formats of results."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"


CSV_COLUMNS = (
    "source",
    "status",
    "label",
    "fake_probability",
    "published_score",
    "faces",
    "frames",
    "architecture",
    "weights",
    "notes",
    "reason",
)


def write_results(results: Iterable[VideoResult], form: Format, stream: TextIO) -> None:
    """Write results as they come; JSON and the table wait for the last one."""
    {Format.table: _write_table, Format.json: _write_json, Format.jsonl: _write_jsonl, Format.csv: _write_csv}[form](
        results, stream
    )


@contextmanager
def opened(output: Path | None) -> Iterator[TextIO]:
    """The stream that results go to: a file, or stdout.

    Raises:
        ConfigError: the file cannot be written.
    """
    if output is None:
        yield sys.stdout
        return
    try:
        stream = output.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise ConfigError(
            f"--output {str(output)!r} cannot be written: {error.strerror}; choose another path"
        ) from error
    with stream:
        yield stream


def _write_jsonl(results: Iterable[VideoResult], stream: TextIO) -> None:
    for result in results:
        stream.write(result.model_dump_json() + "\n")
        stream.flush()


def _write_json(results: Iterable[VideoResult], stream: TextIO) -> None:
    json.dump([result.model_dump(mode="json") for result in results], stream, indent=2)
    stream.write("\n")


def _write_csv(results: Iterable[VideoResult], stream: TextIO) -> None:
    writer = csv.DictWriter(stream, CSV_COLUMNS)
    writer.writeheader()
    for result in results:
        writer.writerow(
            {
                "source": result.source,
                "status": result.status,
                "label": result.label,
                "fake_probability": result.fake_probability,
                "published_score": result.published_score,
                "faces": len(result.faces),
                "frames": len(result.provenance.frame_indices),
                "architecture": result.provenance.architecture,
                "weights": result.provenance.weights.origin,
                "notes": "; ".join(result.notes),
                "reason": result.reason,
            }
        )
        stream.flush()


def _write_table(results: Iterable[VideoResult], stream: TextIO) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from genconvit.text import printable

    table = Table()
    for name in ("source", "verdict"):
        table.add_column(name, overflow="fold")
    table.add_column("fake probability", justify="right")
    table.add_column("faces", justify="right")
    table.add_column("notes", overflow="fold")
    bases: dict[str, None] = {}
    for result in results:
        cells = (
            printable(result.source),
            result.headline,
            "" if result.fake_probability is None else f"{result.fake_probability:.3f}",
            str(len(result.faces)),
            printable("; ".join([*result.notes, result.reason or ""]).strip("; ")),
        )
        table.add_row(*map(Text, cells))
        bases[result.provenance.summary] = None
    console = Console(file=stream)
    console.print(table)
    for basis in bases:
        console.print(Text(printable(basis)))
