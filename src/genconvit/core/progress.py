"""Progress of a long piece of work, for a caller that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

ShowProgress = Callable[[Iterable[Any], int, str], Iterable[Any]]
"""Shows how far a work is: takes its items, their number and a description, and gives the same items in turn."""


def no_progress(items: Iterable[T], count: int, description: str) -> Iterable[T]:
    """Give the items, and show nothing."""
    del count, description
    return items


@contextmanager
def shown(description: str) -> Iterator[None]:
    """Say on stderr, where that is a terminal, that something is being done, until the block ends."""
    from rich.console import Console

    with Console(stderr=True).status(description):
        yield
