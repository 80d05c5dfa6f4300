"""The order in which folders below a folder are gone through, however deep they lie."""

from __future__ import annotations

from collections.abc import Iterator


class DepthFirst:
    """Yields a folder, and then those that ``go_into`` was given for it, each with all below it before the next.

    What is left at each depth is an iterator, so that neither the depth nor the number of folders takes a stack of
    calls or a list.

    Args:
        folder: folder to begin with.
    """

    def __init__(self, folder: str) -> None:
        self._left = [iter((folder,))]

    def __iter__(self) -> Iterator[str]:
        while self._left:
            here = next(self._left[-1], None)
            if here is None:
                self._left.pop()
            else:
                yield here

    def go_into(self, folders: Iterator[str]) -> None:
        """Let folders come next, those in the one that was yielded last."""
        self._left.append(folders)
