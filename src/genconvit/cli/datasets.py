"""``genconvit datasets``: which data sets there are, and what lies at a path before hours are spent on it."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genconvit.cli.left_out import SHOWN, left_out_lines
from genconvit.cli.output import console_for
from genconvit.cli.remote_flags import RemoteFlags, with_remote_flags
from genconvit.core.errors import DatasetError, PluginError
from genconvit.core.text import printable

if TYPE_CHECKING:
    from genconvit.core.left_out import LeftOut
    from genconvit.data.base import Listing

EXIT_MISSING = 3
HOW_TO_SEE_ALL = "; --all prints them"

datasets = typer.Typer(no_args_is_help=True, help="List the data sets, and check one before it is scored.")


@datasets.command("list")
def list_them() -> None:
    """List the data sets: their names, splits (the default first), and how they lie on disk."""
    from rich.table import Table
    from rich.text import Text

    from genconvit.registry import DATASETS

    table = Table("name", "splits", "layout")
    for name in DATASETS.names():
        try:
            cls = DATASETS.load(name)
            cells = [name, ", ".join(cls.splits), cls.summary]
        except PluginError as error:
            cells = [name, "", f"broken: {error}"]
        table.add_row(*(Text(printable(cell), overflow="fold") for cell in cells))
    console_for(sys.stdout).print(table)


@datasets.command()
@with_remote_flags
def check(
    remote: RemoteFlags,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A data set; `genconvit datasets list` shows them.")],
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Its folder, or its CSV file.")],
    split: Annotated[str | None, typer.Option(help="One of its splits; left out: its default.")] = None,
    opened: Annotated[
        bool, typer.Option("--open", help="Decode one frame of each, and say which cannot be read.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help=f"Print all that is missing or skipped, not the first {SHOWN}.")
    ] = False,
) -> None:
    """Say what a data set holds at a path, what is missing and what would be skipped.

    No video is opened without --open.

    Exit status: 0 when something can be scored and nothing is missing, 3 when something is missing or cannot be read, 1
    when nothing can be scored.
    """
    from genconvit.data.listing import check_dataset, nothing_to_score

    listing = check_dataset(name, path, split)
    most = None if everything else SHOWN
    for line in _lines(listing, most):
        typer.echo(printable(line))
    if not listing.sources:
        raise DatasetError(nothing_to_score(listing, path))
    broken: tuple[LeftOut, ...] = ()
    if opened:
        from genconvit.cli.openable import unreadable

        with remote.files() as files:
            broken = tuple(unreadable(listing.sources, files))
        for line in left_out_lines("unreadable", broken, most, HOW_TO_SEE_ALL):
            typer.echo(printable(line))
    if listing.missing or broken:
        sys.exit(EXIT_MISSING)


def _lines(listing: Listing, most: int | None) -> list[str]:
    """Give the lines that ``check`` prints, each without its end."""
    sources = listing.sources
    lines = [f"{listing.dataset}, split {listing.split}: {len(sources)} to score"]
    lines += _table("label", Counter(source.label or "unknown" for source in sources))
    lines += _table("split", Counter(source.split or "none" for source in sources))
    for key in sorted({key for source in sources for key in source.groups}):
        counts = Counter((source.groups[key], source.label or "unknown") for source in sources if key in source.groups)
        lines += _table(key, Counter({f"{value} ({label})": count for (value, label), count in counts.items()}))
    lines += left_out_lines("missing", listing.missing, most, HOW_TO_SEE_ALL)
    lines += left_out_lines("skipped", listing.skipped, most, HOW_TO_SEE_ALL)
    return [*lines, *(f"note: {note}" for note in listing.notes)]


def _table(title: str, counts: Counter[str]) -> list[str]:
    if not counts:
        return []
    width = len(str(max(counts.values())))
    return [f"  {title}:", *(f"    {counts[value]:>{width}}  {value}" for value in sorted(counts))]
