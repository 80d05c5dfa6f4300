"""Count of results by status and reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar


class Finished(Protocol):
    """A source that is done, as its result says."""

    @property
    def source(self) -> str:
        """Name of the source."""

    @property
    def status(self) -> str:
        """Status of its result."""

    @property
    def reason(self) -> str | None:
        """Reason why it is unreadable, else None."""


F = TypeVar("F", bound=Finished)

FAILED = "unreadable"
"""Status of what counts as failed."""


@dataclass
class Tally:
    """Numbers of results, by status and by the reason for that.

    Attributes:
        by_status: number of results with each status.
        by_reason: number of unreadable ones with each reason.
    """

    by_status: Counter[str] = field(default_factory=Counter)
    by_reason: Counter[str] = field(default_factory=Counter)

    def add(self, status: str, reason: str | None, times: int = 1) -> None:
        """Count a result; with times of -1 take it back."""
        self.by_status[status] += times
        if status == FAILED:
            self.by_reason[reason or "no reason given"] += times

    @property
    def done(self) -> int:
        """Number of all results."""
        return self.by_status.total()

    @property
    def failed(self) -> int:
        """Number of results of what could not be read."""
        return self.by_status[FAILED]

    def counted(self, results: Iterable[F]) -> Generator[F, None, None]:
        """Count each result, and give it on."""
        for result in results:
            self.add(result.status, result.reason)
            yield result
