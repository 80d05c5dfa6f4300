"""Folder of pages: a page for each result, and an index of them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from genconvit.core.errors import ConfigError
from genconvit.core.files import written_whole
from genconvit.journal.resuming import has_journal

if TYPE_CHECKING:
    from genconvit.journal.journal import Journal
    from genconvit.results.result import VideoResult

INDEX = "index.html"
RESULTS = "results.jsonl"
"""Name of the journal in a folder of pages that runs go on with."""

_LONGEST = 40


def page_name(number: int, source: str) -> str:
    """The name of a page: its number, and what of the source's name is plain letters and digits.

    Args:
        number: number of the page, counted from 1.
        source: source as its result names it.

    Examples:
        >>> page_name(7, "uploads/Él <b>.mp4"), page_name(8, "視頻.mp4")
        ('0007-el-b.html', '0008.html')
    """
    plain = unicodedata.normalize("NFKD", PurePath(source).stem).encode("ascii", "ignore").decode("ascii").lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain)[:_LONGEST].strip("-")
    return f"{number:04d}{f'-{words}' if words else ''}.html"


def kept_page_name(source: str) -> str:
    """The name of a page in a folder that runs go on with, where no numbers hold: it follows from the source's alone.

    Examples:
        >>> kept_page_name("uploads/b.mp4")
        '5d812615787d-b.html'
    """
    _, _, plain = page_name(0, source).partition("0000")
    return hashlib.sha256(source.encode("utf-8", "backslashreplace")).hexdigest()[:12] + plain


def check_folder(option: str, folder: Path, *, resume: bool = False) -> None:
    """Make a folder, unless it is there and empty, or holds what a run is to go on with.

    Raises:
        ConfigError: it is no folder, holds something else, or cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_empty = not any(folder.iterdir())
    except OSError as error:
        raise ConfigError(
            f"{option} {str(folder)!r} is no folder to write to: {error.strerror}; name another"
        ) from error
    if not is_empty and not (resume and has_journal(folder / RESULTS)):
        raise ConfigError(f"{option} {str(folder)!r} is not empty, and a report replaces nothing; name a new folder")


def write_page(path: Path, text: str) -> None:
    """Write a page, whole or not at all.

    Raises:
        ConfigError: it cannot be written.
    """
    try:
        with written_whole(path) as partial:
            partial.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{str(path)!r} cannot be written: {error.strerror}; choose another path") from error


def go_on_with_folder(folder: Path, pages: Iterable[tuple[VideoResult, str]], journal: Journal) -> int:
    """Write the pages that are missing, keep their results, and write the index of all; gives their number.

    Args:
        folder: folder that ``check_folder`` allowed.
        pages: results of what is pending in the journal, and their pages.
        journal: journal in the folder.

    Raises:
        ConfigError: a page cannot be written.
        GenConViTError: the disk is full.
    """
    from genconvit.render.index_page import IndexRow, index_page
    from genconvit.results.result import VideoResult

    try:
        for result, text in pages:
            write_page(folder / kept_page_name(result.source), text)
            journal.add(result)
        journal.finish()
    finally:
        kept = ((name, VideoResult.model_validate_json(line)) for name, line in journal.results())
        rows = [IndexRow.of(result, kept_page_name(name)) for name, result in kept]
        if rows:
            write_page(folder / INDEX, index_page(rows))
    return len(rows)


def write_folder(folder: Path, pages: Iterable[tuple[VideoResult, str]]) -> int:
    """Write pages as they come, and at the end the index of them; gives the number of pages.

    Where something ends them early, the index is of those that were finished, if there are any.

    Args:
        folder: folder that ``check_folder`` made.
        pages: results, and their pages.

    Raises:
        ConfigError: a page cannot be written.
    """
    from genconvit.render.index_page import IndexRow, index_page

    rows: list[IndexRow] = []
    try:
        for number, (result, text) in enumerate(pages, start=1):
            name = page_name(number, result.source)
            write_page(folder / name, text)
            rows.append(IndexRow.of(result, name))
    finally:
        if rows:
            write_page(folder / INDEX, index_page(rows))
    return len(rows)
