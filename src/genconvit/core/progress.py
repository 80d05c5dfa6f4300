"""How far a long piece of work is, told to whoever wants to show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

Track = Callable[[Iterable[Any], int, str], Iterable[Any]]
"""Takes what the work goes through, how many there are, and what is done; gives the same things in turn."""


def untracked(items: Iterable[T], count: int, description: str) -> Iterable[T]:
    """The items, and nothing shown."""
    del count, description
    return items


@contextmanager
def shown(description: str) -> Iterator[None]:
    """Say on stderr, where that is a terminal, that something is being done, until the block ends."""
    from rich.console import Console

    with Console(stderr=True).status(description):
        yield
