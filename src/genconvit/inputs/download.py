"""One file from a server, in as many attempts as the options allow; each goes on where the one before ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from genconvit.core.errors import SourceAccessError, SourceLimitError
from genconvit.inputs.address import Address
from genconvit.inputs.answer import Answer, Question, RetryError, Server
from genconvit.inputs.deadline import Deadline
from genconvit.inputs.options import RemoteOptions

_PROGRESS = 1 << 20
"""Bytes after which a failed attempt counts as one that got on."""


@dataclass
class Download:
    """Download of one file.

    Attributes:
        address: address of the file.
        server: server that is asked.
        file: file that its bytes go to; empty in the beginning.
        options: limits.
        deadline: end of all attempts.
        known: entity tag of a copy that is there; None without one.
        etag: entity tag of the bytes in the file.
        have: number of bytes in the file.
    """

    address: Address
    server: Server
    file: BinaryIO
    options: RemoteOptions
    deadline: Deadline
    known: str | None = None
    etag: str | None = None
    have: int = 0

    def run(self) -> bool:
        """Get the file; false where the copy that is there is still right.

        Raises:
            SourceError: it cannot be had, or is too long; says why.
        """
        failed = attempts = 0
        while True:
            before, attempts = self.have, attempts + 1
            try:
                return self._attempt()
            except RetryError as error:
                failed = 1 if self.have - before >= _PROGRESS else failed + 1
                wait = max(error.wait_seconds, self.options.backoff_seconds * 2 ** (failed - 1))
                if failed > self.options.retries or wait >= self.deadline.left:
                    raise SourceAccessError(self.address.name, self._reason(error, attempts, wait)) from error
                self.deadline.wait(wait)

    def _reason(self, error: RetryError, attempts: int, wait: float) -> str:
        times = "one attempt" if attempts == 1 else f"{attempts} attempts"
        asked = f", and asks to wait {wait:.0f} s" if error.wait_seconds >= self.deadline.left > 0 else ""
        return f"not fetched in {times}: {error.reason}{asked}"

    def _attempt(self) -> bool:
        question = Question(self.address, self.have, self.etag, None if self.have else self.known)
        with self.server.answer(question, self.deadline) as answer:
            if answer.is_unchanged:
                return False
            if not answer.is_rest:
                self.file.seek(0)
                self.file.truncate()
                self.have = 0
            self.etag = answer.etag if not answer.is_rest else self.etag
            self._take(answer)
        return True

    def _take(self, answer: Answer) -> None:
        self._check_size(answer.size or 0)
        for block in answer.blocks:
            self._check_size(self.have + len(block))
            self.file.write(block)
            self.have += len(block)
            if not self.deadline.left:
                raise RetryError("the time for one file is over")
        if answer.size is not None and self.have != answer.size:
            if self.have > answer.size:
                self.etag = None
            raise RetryError(f"the server sends {self.have} bytes of a file of {answer.size}")

    def _check_size(self, size: int) -> None:
        most = self.options.most_bytes
        if size > most:
            raise SourceLimitError(self.address.name, f"longer than the {most} bytes that are fetched of one file")
