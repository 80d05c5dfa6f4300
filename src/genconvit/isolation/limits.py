"""Time and memory that one file may take."""

from __future__ import annotations

import time
from collections.abc import Callable

from pydantic import Field, ValidationError

from genconvit.core.config import FrozenConfig, validation_message
from genconvit.core.errors import ConfigError
from genconvit.video.sampling import DEFAULT_FRAMES

FRAMES_PER_TIME_LIMIT = DEFAULT_FRAMES
"""Number of delivered frames that buy a file its time once more."""


class IsolationLimits(FrozenConfig):
    """The time and memory that one file may take in a worker."""

    time_limit_seconds: float = Field(default=120.0, gt=0, le=86_400)
    """Seconds for which a file may keep its decoder busy for opening and its first 15 frames, and as much again for
    each further 15 frames that it has delivered. What a file only claims buys no time. Time in which the decoder is
    ahead of its consumer does not count."""

    memory_limit_mb: int = Field(default=2048, ge=64, le=1 << 20)
    """MiB that a worker may use beyond what it needs for itself once it has started. Held on Linux; elsewhere no
    limit of memory applies."""

    @classmethod
    def of(cls, time_limit_seconds: float | None = None, memory_limit_mb: int | None = None) -> IsolationLimits:
        """Limits, each by default where it is None.

        Raises:
            ConfigError: one is not allowed.
        """
        given = {"time_limit_seconds": time_limit_seconds, "memory_limit_mb": memory_limit_mb}
        try:
            return IsolationLimits.model_validate({name: value for name, value in given.items() if value is not None})
        except ValidationError as error:
            raise ConfigError(validation_message(error)) from error


class Stopwatch:
    """Stopwatch of the time for which one file has kept its decoder busy, as its consumer sees it.

    An event that is there when it is asked for took no time. Where the consumer has to wait for one, the decoder has
    been busy since the event before was taken: there has been room for a frame since then.

    Args:
        limit: the time limit in seconds.
        clock: seconds that only go forward.
    """

    def __init__(self, limit: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._busy = 0.0
        self._delivered = 0
        self.restart()

    @property
    def left(self) -> float:
        """Seconds that the next event may still take, 0 where there are none left."""
        allowed = self._limit * (1 + self._delivered // FRAMES_PER_TIME_LIMIT)
        return max(0.0, allowed - self._busy - (self._clock() - self._since))

    def restart(self) -> None:
        """Begin with the next event now; what was before does not count."""
        self._since = self._clock()

    def stop(self, *, delivered: bool, waited: bool) -> None:
        """An event was taken.

        Args:
            delivered: true for a frame.
            waited: true where the consumer had to wait for it.
        """
        if waited:
            self._busy += self._clock() - self._since
        self._delivered += delivered
        self.restart()
