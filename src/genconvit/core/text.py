"""Text from outside: made safe for a terminal, a spreadsheet or Markdown, and cut to a line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Container, Iterable, Sequence

_MARKDOWN = re.compile(r"([\\`*_~<>|\[\]#&])")
FORMULA_SIGNS = ("=", "+", "-", "@")


def printable(text: str, *, keep: str = "") -> str:
    r"""Escape control characters, so that a file's name cannot steer a terminal.

    Args:
        text: any text.
        keep: characters that stay as they are.

    Examples:
        >>> printable("a\x1b[31mb\n")
        'a\\x1b[31mb\\n'
    """
    return "".join(
        character
        if character.isprintable() or character in keep
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def shell_word(text: str) -> str:
    r"""A text as one word of a POSIX shell, in printable characters alone; in bash's quotes where it has others.

    Examples:
        >>> print(shell_word("a b.mp4"), shell_word("a\u202eb\n.mp4"))
        'a b.mp4' $'a\u202eb\u000a.mp4'
    """
    return shlex.quote(text) if text.isprintable() else f"$'{''.join(map(_ansi_c, text))}'"


def _ansi_c(character: str) -> str:
    r"""A character between bash's quotes ``$'...'``, where a code point follows ``\u`` or ``\U``."""
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def csv_cell(text: str) -> str:
    """A text for a CSV: printable, and no formula for a spreadsheet.

    Examples:
        >>> csv_cell("=1+1")
        "'=1+1"
    """
    return ("'" if text.startswith(FORMULA_SIGNS) else "") + printable(text)


def markdown_cell(text: str) -> str:
    r"""A printable text, on one line, that Markdown takes as it is.

    Examples:
        >>> print(markdown_cell("a|b [c](d)"))
        a\|b \[c\](d)
    """
    return _MARKDOWN.sub(r"\\\1", text.replace("\n", " "))


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]], numbers: Container[int]) -> str:
    r"""A table in Markdown, with a line break at its end.

    Args:
        header: names of the columns.
        rows: cells of each row.
        numbers: columns, counted from 0, that hold numbers, which stand on the right.

    Examples:
        >>> print(
        ...     markdown_table(["name", "faces"], [["a|b", "3"]], {1}), end=""
        ... )
        | name | faces |
        | --- | ---: |
        | a\|b | 3 |
    """
    rule = ["---:" if column in numbers else "---" for column in range(len(header))]
    lines = (map(markdown_cell, header), rule, *(map(markdown_cell, row) for row in rows))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def first_line(error: BaseException) -> str:
    """The first line of an error's message, at most 160 characters; the type's name where it has none."""
    lines = str(error).strip().splitlines()
    return lines[0][:160] if lines else type(error).__name__
