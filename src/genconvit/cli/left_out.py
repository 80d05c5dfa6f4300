"""Lines that say what a command leaves out: how much, what first, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
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


@dataclass
class LeftOutCount:
    """Things that are left out, as far as it is said at the end: their number, and the first of them.

    Attributes:
        count: number of all.
        first: first of them, which are named.
    """

    count: int = 0
    first: list[LeftOut] = field(default_factory=list)

    def add(self, each: LeftOut) -> None:
        """Count one."""
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append(each)

    def lines(self) -> list[str]:
        """A line with the number, and one for each of the first; none where nothing is left out."""
        more = self.count - len(self.first)
        named = [f"  {each.name}: {each.reason}" for each in self.first]
        return [f"{TITLE}: {self.count}", *named, *([f"  and {more} more"] if more else [])] if self.count else []


def say_left_out(left_out: Sequence[LeftOut]) -> None:
    """Name on stderr what lies in the given folders and is not scored."""
    for line in left_out_lines(TITLE, left_out) if left_out else ():
        typer.echo(printable(line), err=True)


def say_each(each: LeftOut) -> None:
    """Name one thing that is left out on stderr."""
    typer.echo(printable(f"{TITLE}: {each.name}: {each.reason}"), err=True)


def refuse_left_out(left_out: LeftOutCount) -> None:
    """Make sure that nothing is left out.

    Raises:
        GenConViTError: something is.
    """
    if left_out.count:
        first = left_out.first[0]
        raise GenConViTError(
            f"--strict: {left_out.count} left out, the first {first.name!r}: {first.reason}; nothing was scored: name "
            "them, move them away, or take --no-strict"
        )


def left_out_note(left_out: Sequence[LeftOut]) -> str:
    """Name what is left out in one clause of a summary."""
    first = "; ".join(f"{each.name}: {each.reason}" for each in left_out[:3])
    return f"{TITLE}: {len(left_out)} ({first}{', ...' if len(left_out) > 3 else ''})"
