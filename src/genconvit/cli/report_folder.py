"""Folder of pages: a page for each result, and an index of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from genconvit.core.errors import ConfigError
from genconvit.core.files import written_whole

if TYPE_CHECKING:
    from genconvit.results.result import VideoResult

INDEX = "index.html"

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


def check_folder(option: str, folder: Path) -> None:
    """Make a folder, unless it is there and empty.

    Raises:
        ConfigError: it is no folder, holds something, or cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_empty = not any(folder.iterdir())
    except OSError as error:
        raise ConfigError(
            f"{option} {str(folder)!r} is no folder to write to: {error.strerror}; name another"
        ) from error
    if not is_empty:
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
