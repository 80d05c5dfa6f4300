"""Requests with a job that arrive at the same time, of which each key has half of the places at most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from genconvit.serve.problems import Problem


class Arrivals:
    """The requests that arrive; used in one thread.

    Args:
        most: requests that may arrive at once.
        has_keys: true where clients have keys, who may send slowly to keep others out.
    """

    def __init__(self, most: int, *, has_keys: bool) -> None:
        self._most = most
        self._most_of_owner = max(most // 2, 1) if has_keys else most
        self._arriving: Counter[str] = Counter()

    @contextmanager
    def of(self, owner: str) -> Iterator[None]:
        """Count a request of an owner while it arrives.

        Raises:
            Problem: too many arrive.
        """
        for number, most in ((self._arriving[owner], self._most_of_owner), (self._arriving.total(), self._most)):
            if number >= most:
                raise Problem(429, "busy", f"{number} jobs arrive; come again in 5 s", {"Retry-After": "5"})
        self._arriving[owner] += 1
        try:
            yield
        finally:
            self._arriving[owner] -= 1
            if not self._arriving[owner]:
                del self._arriving[owner]
