"""Tables cut into pieces that fit a width, so that no number is ever broken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from genconvit.evaluation.tables import Table

_FRAME = 3
"""Width that a column takes beside its content: a line and two spaces; the last line comes on top."""
_WIDEST_NAME = 20
"""Widest word above a column of numbers that is not broken, such as a file's name."""
_TEXTS_SHARE = 0.45


@dataclass(frozen=True)
class Piece:
    """A part of a table: all of its rows and texts, and some of its numbers.

    Attributes:
        table: table with the columns of this piece.
        widths: widths of the columns' contents, in characters.
    """

    table: Table
    widths: tuple[int, ...]


def folded(table: Table, width: int) -> Iterator[Piece]:
    """The pieces of a table, from left to right; each begins with the columns of texts, which are narrowed if need be.

    A piece is wider than asked for only where a single column of numbers is.

    Args:
        table: any one.
        width: width in characters.
    """
    columns = list(zip(table.header, *table.rows, strict=True))
    needed = [_needed(cells, is_text=number < table.texts) for number, cells in enumerate(columns)]
    texts, numbers = needed[: table.texts], needed[table.texts :]
    if _total(needed) > width:
        texts = _narrowed(texts, int(_TEXTS_SHARE * width) - _FRAME * table.texts)
    start = 0
    while start < len(numbers) or not start:
        end = start + 1
        while end < len(numbers) and _total([*texts, *numbers[start : end + 1]]) <= width:
            end += 1
        chosen = [*range(table.texts), *range(table.texts + start, min(table.texts + end, len(needed)))]
        widths = [*texts, *numbers[start:end]]
        yield Piece(_part(table, chosen, is_first=not start), tuple(_widened(widths, table, chosen, width)))
        start = end


def _total(widths: list[int]) -> int:
    return 1 + sum(width + _FRAME for width in widths)


def _narrowed(widths: list[int], room: int) -> list[int]:
    """The widths cut to fit some room, the widest first."""
    narrowed = list(widths)
    for done, place in enumerate(sorted(range(len(widths)), key=widths.__getitem__)):
        narrowed[place] = min(widths[place], max(room // (len(widths) - done), 1))
        room -= narrowed[place]
    return narrowed


def _widened(widths: list[int], table: Table, chosen: list[int], width: int) -> Iterator[int]:
    """The widths, and from left to right what is left of the whole for headers that are broken."""
    spare = width - _total(widths)
    for each, number in zip(widths, chosen, strict=True):
        more = max(min(_longest_word(table.header[number]) - each, spare), 0)
        spare -= more
        yield each + more


def _longest_word(text: str) -> int:
    return max(map(len, text.split()), default=1)


def _part(table: Table, chosen: list[int], *, is_first: bool) -> Table:
    return replace(
        table,
        title=table.title if is_first else f"{table.title}, continued",
        header=tuple(table.header[number] for number in chosen),
        rows=tuple(tuple(row[number] for number in chosen) for row in table.rows),
    )


def _needed(cells: tuple[str, ...], *, is_text: bool) -> int:
    """Give the width of a column that breaks no number, and its header between words alone."""
    header, *others = cells
    lines = max((len(line) for cell in others for line in cell.split("\n")), default=1)
    return max(lines, len(header) if is_text else min(_longest_word(header), _WIDEST_NAME), 1)
