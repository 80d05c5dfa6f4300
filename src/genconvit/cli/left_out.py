"""Lines that say what a command leaves out: how much, what first, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from genconvit.core.errors import GenConViTError
from genconvit.core.text import printable

if TYPE_CHECKING:
    from genconvit.core.left_out import LeftOut

SHOWN = 10
"""Number of those that are named where not all of them are asked for."""

TITLE = "left out"


def left_out_lines(title: str, left_out: Sequence[LeftOut], most: int | None = SHOWN, rest: str = "") -> list[str]:
    """A line with the number, and one for each of the first.

    Args:
        title: heading, which says what became of them.
        left_out: the things.
        most: number of those that are named; None names all.
        rest: text behind the number of those that are not.
    """
    more = len(left_out) - len(left_out[:most])
    return [
        f"{title}: {len(left_out)}",
        *(f"  {each.name}: {each.reason}" for each in left_out[:most]),
        *([f"  and {more} more{rest}"] if more else []),
    ]


def say_left_out(left_out: Sequence[LeftOut], *, strict: bool = False) -> None:
    """Name on stderr what lies in the given folders and is not scored.

    Raises:
        GenConViTError: there is something, and nothing may be left out.
    """
    if not left_out:
        return
    for line in left_out_lines(TITLE, left_out, None if strict else SHOWN):
        typer.echo(printable(line), err=True)
    if strict:
        raise GenConViTError(
            f"--strict: {len(left_out)} left out, the first {left_out[0].name!r}: {left_out[0].reason}; nothing was "
            "scored: name them, move them away, or take --no-strict"
        )


def left_out_note(left_out: Sequence[LeftOut]) -> str:
    """Name what is left out in one clause of a summary."""
    first = "; ".join(f"{each.name}: {each.reason}" for each in left_out[:3])
    return f"{TITLE}: {len(left_out)} ({first}{', ...' if len(left_out) > 3 else ''})"
