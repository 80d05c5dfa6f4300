"""Warnings of other libraries while a command runs: one plain line each, without a path or a line of code."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

import typer

from genconvit.core.text import printable

_LONGEST = 300


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Show warnings, and log messages of that level and above, as ``warning: LIBRARY: MESSAGE``.

    Which are shown is left to Python's own filters and to each library's logger; a library with a handler of its own
    keeps it.
    """
    handler = _Handler(logging.WARNING)
    with warnings.catch_warnings():
        warnings.showwarning = _show
        logging.getLogger().addHandler(handler)
        try:
            yield
        finally:
            logging.getLogger().removeHandler(handler)


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        try:
            _say(record.name.partition(".")[0], record.getMessage())
        except Exception:  # as logging does: a message never ends a program
            self.handleError(record)


def _show(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    del category, lineno, file, line
    _say(_library(filename), str(message))


def _library(filename: str) -> str:
    """The package that a file belongs to, as far as its path tells."""
    parts = Path(filename).with_suffix("").parts
    places = [place for place, part in enumerate(parts[:-1]) if part in ("site-packages", "dist-packages")]
    named = parts[places[-1] + 1] if places else "genconvit" if "genconvit" in parts else parts[-1] if parts else "?"
    return named.partition(".")[0]


def _say(library: str, message: str) -> None:
    text = " ".join(message.split())
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    with suppress(OSError):  # stderr is gone, and whoever warned must not fail by that
        typer.echo(printable(f"warning: {library}: {shown}"), err=True)
