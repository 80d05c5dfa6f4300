"""Watch over a run of many sources: how far it is, how many failed, when that is too much, and what came of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Generator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Literal, TypeVar

import typer

from genconvit.cli.progress import Standing
from genconvit.core.errors import ConfigError, GenConViTError, TooManyFailuresError
from genconvit.core.text import printable

if TYPE_CHECKING:
    from genconvit.journal.tally import Finished, Tally

F = TypeVar("F", bound="Finished")

SHOWN_REASONS = 10
"""Number of reasons that the summary names."""

FEWEST_FOR_A_SHARE = 100
"""Number of results before which a share of failures says nothing."""


Ending = Literal["finished", "too many failures", "error", "interrupted"]


class LogFormat(str, Enum):
    """The formats of what is said while sources are scored."""

    bar = "bar"
    json = "json"


@dataclass(frozen=True)
class FailureLimit:
    """The most failures that a run may have.

    Attributes:
        most: number of them; of a share, that in percent.
        is_share: true for a share of the results.
    """

    most: float
    is_share: bool = False

    @classmethod
    def parse(cls, text: str) -> FailureLimit:
        """The limit that a text names, ``10`` or ``2.5%``.

        Raises:
            ConfigError: it names none.
        """
        number, sign, rest = text.strip().partition("%")
        try:
            most = float(number) if sign else int(number)
        except ValueError:
            most = -1
        if rest or not most >= 0 or (sign and not most < 100):
            raise ConfigError(f"--max-failures {text!r} is no limit; give a number, such as 10, or a share, such as 2%")
        return cls(most, bool(sign))

    def check(self, tally: Tally, *, at_the_end: bool = False) -> None:
        """Make sure that there are not too many failures.

        Raises:
            TooManyFailuresError: there are more.
        """
        if self.is_share:
            is_early = tally.done < FEWEST_FOR_A_SHARE and not at_the_end
            is_too_much = not is_early and tally.failed * 100 > self.most * tally.done
        else:
            is_too_much = tally.failed > self.most
        if is_too_much:
            raise TooManyFailuresError(
                f"{tally.failed} of {tally.done} could not be read, and --max-failures allows {self}; what was "
                "finished is kept: look at the reasons, then raise the limit, or try those again with --retry"
            )

    def __str__(self) -> str:
        return f"{self.most:g}{'%' if self.is_share else ''}"


class Watch:
    """State of a run while it goes on.

    Args:
        tally: count of the results, kept up to date by whoever takes them.
        total: number of the sources; None where it is not known.
        kept: gives the number of sources that were finished before.
        limit: the most failures; None for any number.
    """

    def __init__(
        self,
        tally: Tally,
        total: int | None,
        kept: Callable[[], int] = int,
        limit: FailureLimit | None = None,
    ) -> None:
        self._tally = tally
        self._total = total
        self._kept = kept
        self._limit = limit
        self._start = time.monotonic()
        self._done = 0

    @property
    def seconds(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._start

    @property
    def per_minute(self) -> float:
        """Sources a minute in this run."""
        return self._done * 60 / max(self.seconds, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        """Seconds that the rest takes at this pace; None where that cannot be said."""
        if self._total is None or not self._done:
            return None
        return max(self._total - self._kept() - self._done, 0) * self.seconds / self._done

    def standing(self) -> Standing:
        """Failures and pace in a few words, for a progress bar."""
        return Standing(self._kept(), f"{self._tally.failed} failed, {self.per_minute:.3g}/min")

    def follow(
        self, results: Generator[F, None, None], log: LogFormat, say: Collection[Ending] = ()
    ) -> Generator[F, None, None]:
        """Give the results, and say on stderr what came of them.

        Args:
            results: the results; closed at the end.
            log: format of what is said. As JSON each event is an object: the beginning, each result, the end.
            say: endings of the run at which the summary is printed, where the events are not.

        Raises:
            TooManyFailuresError: more sources failed than may.
        """
        ending: Ending = "interrupted"
        self._event(log, "begin", sources=self._total, **self._counts())
        try:
            with closing(results):
                self._check()
                for result in results:
                    self._done += 1
                    yield result
                    self._event(log, "result", **_of(result), **self._counts(), **self._pace())
                    self._check()
                self._check(at_the_end=True)
            ending = "finished"
        except GenConViTError as error:
            ending = "too many failures" if isinstance(error, TooManyFailuresError) else "error"
            raise
        finally:
            self._event(log, "end", ending=ending, seconds=round(self.seconds, 3), **self._summary())
            if ending in say and log is not LogFormat.json:
                for line in self.summary():
                    typer.echo(line, err=True)

    def summary(self) -> list[str]:
        """Lines that say what came of all sources, by status, and of those that failed by reason."""
        tally, before = self._tally, f", {self._kept()} of them before" if self._kept() else ""
        statuses = ", ".join(f"{number} {status.replace('_', ' ')}" for status, number in self._by_status())
        reasons = [(reason, number) for reason, number in tally.by_reason.most_common() if number]
        more = len(reasons) - SHOWN_REASONS
        return [
            f"{tally.done} done{before}: {statuses or 'nothing'}; {self.seconds:.0f} s, {self.per_minute:.3g}/min",
            *(f"  {number} x {printable(reason)}" for reason, number in reasons[:SHOWN_REASONS]),
            *([f"  and {more} more reasons"] if more > 0 else []),
        ]

    def _check(self, *, at_the_end: bool = False) -> None:
        if self._limit:
            self._limit.check(self._tally, at_the_end=at_the_end)

    def _by_status(self) -> list[tuple[str, int]]:
        return [(status, number) for status, number in self._tally.by_status.most_common() if number]

    def _counts(self) -> dict[str, object]:
        return {"done": self._tally.done, "failed": self._tally.failed, "before": self._kept()}

    def _pace(self) -> dict[str, object]:
        left = self.seconds_left
        return {"per_minute": round(self.per_minute, 3), "seconds_left": None if left is None else round(left, 1)}

    def _summary(self) -> dict[str, object]:
        reasons = {reason: number for reason, number in self._tally.by_reason.most_common() if number}
        return {**self._counts(), "by_status": dict(self._by_status()), "by_reason": reasons}

    def _event(self, log: LogFormat, event: str, **values: object) -> None:
        if log is LogFormat.json:
            now = datetime.now().astimezone().isoformat(timespec="milliseconds")
            typer.echo(json.dumps({"event": event, "time": now, **values}), err=True)


def _of(result: Finished) -> dict[str, object]:
    return {"source": result.source, "status": result.status, "reason": result.reason}
