"""Work in a thread of its own: an iterator, a bounded number of items ahead of its consumer, or one call."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from genconvit.core.closeable import Closeable
from genconvit.core.fork import Owner

T = TypeVar("T")

_LONGEST_GOODBYE_SECONDS = 5.0


def begun(function: Callable[[], T], name: str) -> Future[T]:
    """Call a function in a thread that ends with it; whoever needs the result waits for it.

    Args:
        function: function to call.
        name: name of the thread.
    """
    thread = ThreadPoolExecutor(1, f"genconvit-{name}")
    future = thread.submit(function)
    thread.shutdown(wait=False)
    return future


class _ClosedError(Exception):
    """The consumer is gone."""


class Ahead(Closeable, Generic[T]):
    """The items of a generator, made in a thread while earlier ones are used.

    Iterated once, by one thread. What the generator raises is raised to the consumer, after the items before it.
    Closing ends the generator at the item it is making; only where that takes longer than a few seconds is it left
    behind.

    Args:
        items: iterator that makes the items; closed in its own thread.
        name: name of the thread.
        room: number of items that may wait, at least 1.
        drop: function that releases an item that nobody takes any more.

    Examples:
        >>> with Ahead(
        ...     (number * number for number in range(3)), "squares", room=1
        ... ) as squares:
        ...     list(squares)
        [0, 1, 4]
    """

    def __init__(
        self, items: Generator[T, None, None], name: str, *, room: int, drop: Callable[[T], object] = id
    ) -> None:
        self._items = items
        self._room = room
        self._drop = drop
        self._waiting: deque[T] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._closed = False
        self._error: BaseException | None = None
        self._owner = Owner()
        self._thread = threading.Thread(target=self._run, name=f"genconvit-{name}", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        while True:
            self._owner.refuse_fork("what is under way")
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ended or self._closed)
                if self._closed:
                    return
                if not self._waiting:
                    break
                item = self._waiting.popleft()
                self._changed.notify_all()
            yield item
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """End the generator, finished or not; more than once is fine. In a copy that a fork made it does nothing."""
        if not self._owner.is_here:
            return
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join(_LONGEST_GOODBYE_SECONDS)
        while self._waiting:
            self._drop(self._waiting.popleft())

    def _run(self) -> None:
        try:
            for item in self._items:
                self._put(item)
        except _ClosedError:
            pass
        except BaseException as error:  # the consumer's thread raises it
            self._error = error
        finally:
            self._end()

    def _put(self, item: T) -> None:
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) < self._room or self._closed)
            if not self._closed:
                self._waiting.append(item)
                self._changed.notify_all()
                return
        self._drop(item)
        raise _ClosedError

    def _end(self) -> None:
        try:
            self._items.close()
        except BaseException as error:
            self._error = self._error or error
        with self._changed:
            self._ended = True
            self._changed.notify_all()
