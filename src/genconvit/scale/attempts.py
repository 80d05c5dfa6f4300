"""Counting of the workers that died at a source, so that a file that ends workers is given up."""

from __future__ import annotations

import secrets
from collections import defaultdict
from typing import Any, Protocol

from genconvit.scale.tasks import Stage


class Counter:
    """The workers that began with a source and never ended; one object for all workers of a run."""

    def __init__(self) -> None:
        self._begun: defaultdict[tuple[Stage, int], set[str]] = defaultdict(set)

    def begin(self, stage: Stage, key: int, worker: str) -> None:
        """Note that a worker begins with a source."""
        self._begun[stage, key].add(worker)

    def end(self, stage: Stage, key: int) -> None:
        """Forget who began with a source, since a worker is through with it."""
        self._begun.pop((stage, key), None)

    def deaths(self, stage: Stage, keys: list[int], worker: str) -> list[int]:
        """Give for each source the number of other workers that never ended."""
        none: set[str] = set()
        return [len(self._begun.get((stage, key), none) - {worker}) for key in keys]


class Attempts(Protocol):
    """Attempts at sources, as one worker tells of them and asks about them."""

    def begin(self, key: int) -> None:
        """Note that this worker begins with a source."""

    def end(self, key: int) -> None:
        """Note that it is through with it."""

    def deaths(self, keys: list[int]) -> list[int]:
        """Give for each source the number of workers that died at it."""


class SharedAttempts:
    """Attempts of one worker, counted in an actor of Ray's with those of all others.

    Args:
        counter: actor of the class ``Counter``.
        stage: work that this worker does.
    """

    def __init__(self, counter: Any, stage: Stage) -> None:  # noqa: ANN401 - Ray's handle of an actor
        self._counter = counter
        self._stage = stage
        self._worker = secrets.token_hex(8)

    def begin(self, key: int) -> None:
        """Note that this worker begins with a source; the note is there before it begins."""
        import ray

        ray.get(self._counter.begin.remote(self._stage, key, self._worker))

    def end(self, key: int) -> None:
        """Note that it is through with it."""
        import ray

        ray.get(self._counter.end.remote(self._stage, key))

    def deaths(self, keys: list[int]) -> list[int]:
        """Give for each source the number of workers that died at it."""
        import ray

        found: list[int] = ray.get(self._counter.deaths.remote(self._stage, keys, self._worker))
        return found
