"""Progress of a command, on stderr, where that is a terminal."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Standing(NamedTuple):
    """State of the work, which a progress bar shows beside the count of its items.

    Attributes:
        before: number of items that were done before, which count as well.
        told: text that stands behind the count.
    """

    before: int = 0
    told: str = ""


def progress_bar(
    items: Iterable[T], count: int | None, description: str, standing: Callable[[], Standing] = Standing
) -> Generator[T, None, None]:
    """The items, with a bar that grows as they are taken, the time that has passed and the time that is left.

    Args:
        items: the items.
        count: number of the items; None where it is not known.
        description: description of the work, in a few words.
        standing: gives what is to be shown beside the count, before the first item and after each.
    """
    from rich.console import Console
    from rich.progress import (
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        MofNCompleteColumn(),
        TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(description, total=count, told=standing().told)
        for number, item in enumerate(items, 1):
            yield item
            now = standing()
            bar.update(task, completed=number + now.before, told=now.told)


@contextmanager
def share_bar(description: str) -> Iterator[Callable[[float, str], None] | None]:
    """A bar of one piece of work, and what moves it: the share that is done, and a text that stands behind the bar.

    There is None to call where stderr is no terminal.

    Args:
        description: description of the work, in a few words.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(escape(description), total=1.0, told="")
        yield lambda share, told: bar.update(task, completed=share, told=told)
