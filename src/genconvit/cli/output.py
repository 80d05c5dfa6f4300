"""Output of results: as a table, or by ``genconvit.results.write``. No text of a file can steer a terminal.

A table shows control characters as backslash escapes. One that does not go to a terminal is as wide as its content, so
that each result is one line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeVar

from genconvit.cli.destination import opened
from genconvit.core.errors import ConfigError
from genconvit.core.text import printable

if TYPE_CHECKING:
    from rich.console import Console

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
    markdown = "markdown"
    parquet = "parquet"

    @classmethod
    def of(cls, output: Path | None) -> Format:
        """The format that a file's suffix names; a table for stdout, and where there is no suffix.

        Raises:
            ConfigError: no format has this suffix.
        """
        suffixes = {
            ".json": cls.json,
            ".jsonl": cls.jsonl,
            ".csv": cls.csv,
            ".md": cls.markdown,
            ".parquet": cls.parquet,
            ".txt": cls.table,
        }
        return format_of(output, suffixes)


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


def write_results(results: Iterable[VideoResult], form: Format, stream: TextIO, below: Sequence[str] = ()) -> None:
    """Write results as they come; JSON and the table wait for the last one, and the table has further lines below it.

    Where something ends them early, those that were finished are written, if there are any.
    """
    from genconvit.results import write
    from genconvit.results.parquet import results_to_parquet

    if form is Format.jsonl:
        write.results_to_json_lines(results, stream)
    elif form is Format.csv:
        write.results_to_csv(results, stream)
    elif form is Format.parquet:
        results_to_parquet(results, stream.buffer)
    elif form is Format.json:
        _write_at_the_end(results, write.results_to_json, stream)
    elif form is Format.markdown:
        _write_at_the_end(results, write.results_to_markdown, stream)
    else:
        _write_at_the_end(results, partial(_print_table, below=below), stream)


def write_parquet_beside(lines: Path) -> None:
    """Write the results of a file of lines as Parquet, into a file of the same name but for its suffix.

    Raises:
        GenConViTError: there is no room for it.
        ConfigError: it cannot be written.
    """
    from genconvit.results.parquet import results_to_parquet
    from genconvit.results.result import VideoResult

    target = lines.with_suffix(".parquet")
    with (
        opened(target, keep_partial=False) as stream,
        lines.open("rb") as read,
    ):
        results_to_parquet(map(VideoResult.model_validate_json, read), stream.buffer)


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


def _print_table(results: Sequence[VideoResult], stream: TextIO, below: Sequence[str]) -> None:
    from rich.table import Table
    from rich.text import Text

    from genconvit.results.table import NUMBERS, results_table

    made = results_table(results)
    table = Table()
    for name in made.header:
        table.add_column(name, justify="right" if name in NUMBERS else "left", overflow="fold")
    for row in made.rows:
        table.add_row(*map(Text, row))
    console = console_for(stream)
    console.print(table)
    for line in [*made.lines, *map(printable, below)]:
        console.print(Text(line))
