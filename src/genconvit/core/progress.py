"""How far a long piece of work is, told to whoever wants to show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

T = TypeVar("T")

Track = Callable[[Iterable[Any], int, str], Iterable[Any]]
"""Takes what the work goes through, how many there are, and what is done; gives the same things in turn."""


def untracked(items: Iterable[T], count: int, description: str) -> Iterable[T]:
    """The items, and nothing shown."""
    del count, description
    return items
