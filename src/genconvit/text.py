"""Text from outside, made safe for a terminal."""

from __future__ import annotations


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
