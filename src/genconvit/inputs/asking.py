"""Questions for one address, asked again where an answer may still come, as often as the options allow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from genconvit.core.errors import SourceAccessError
from genconvit.inputs.address import Address
from genconvit.inputs.answer import Question, RetryError, Server
from genconvit.inputs.deadline import Deadline
from genconvit.inputs.options import RemoteOptions
from genconvit.video.given import RemoteState

T = TypeVar("T")

_PROGRESS = 1 << 20
"""Bytes after which a failed attempt counts as one that got on."""


@dataclass(frozen=True)
class Asking:
    """Questions for one address.

    Attributes:
        address: the address.
        server: server that is asked.
        options: limits.
        deadline: end of all attempts.
    """

    address: Address
    server: Server
    options: RemoteOptions
    deadline: Deadline

    def state(self) -> RemoteState:
        """The state of the object, of whose bytes none is read.

        Raises:
            SourceError: the server does not tell; says why.
        """

        def attempt() -> RemoteState:
            with self.server.answer(Question(self.address), self.deadline) as answer:
                return RemoteState(answer.etag, answer.modified, answer.size)

        return self.persist(attempt)

    def persist(self, attempt: Callable[[], T], have: Callable[[], int] = int) -> T:
        """Give what the first attempt gives that does not fail.

        Args:
            attempt: asks once.
            have: gives the number of bytes that the attempts have brought.

        Raises:
            SourceError: none succeeds; says why.
        """
        failed = attempts = 0
        while True:
            before, attempts = have(), attempts + 1
            try:
                return attempt()
            except RetryError as error:
                failed = 1 if have() - before >= _PROGRESS else failed + 1
                wait = max(error.wait_seconds, self.options.backoff_seconds * 2 ** (failed - 1))
                if failed > self.options.retries or wait >= self.deadline.left:
                    raise SourceAccessError(self.address.name, self._reason(error, attempts, wait)) from error
                self.deadline.wait(wait)

    def _reason(self, error: RetryError, attempts: int, wait: float) -> str:
        times = "one attempt" if attempts == 1 else f"{attempts} attempts"
        asked = f", and asks to wait {wait:.0f} s" if error.wait_seconds >= self.deadline.left > 0 else ""
        return f"not fetched in {times}: {error.reason}{asked}"
