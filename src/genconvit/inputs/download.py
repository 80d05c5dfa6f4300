"""One file from a server, in attempts of which each goes on where the one before ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from genconvit.core.errors import SourceLimitError
from genconvit.inputs.answer import Answer, Question, RetryError
from genconvit.inputs.asking import Asking


@dataclass
class Download:
    """Download of one file.

    Attributes:
        asking: questions for its address.
        file: file that its bytes go to; empty in the beginning.
        known: entity tag of a copy that is there; None without one.
        etag: entity tag of the bytes in the file.
        modified: time of their last change, as the server gives it.
        have: number of bytes in the file.
    """

    asking: Asking
    file: BinaryIO
    known: str | None = None
    etag: str | None = None
    modified: datetime | None = None
    have: int = 0

    def run(self) -> bool:
        """Get the file; false where the copy that is there is still right.

        Raises:
            SourceError: it cannot be had, or is too long; says why.
        """
        return self.asking.persist(self._attempt, lambda: self.have)

    def _attempt(self) -> bool:
        asking = self.asking
        question = Question(asking.address, self.have, self.etag, None if self.have else self.known)
        with asking.server.answer(question, asking.deadline) as answer:
            if answer.is_unchanged:
                return False
            if not answer.is_rest:
                self.file.seek(0)
                self.file.truncate()
                self.have = 0
                self.etag, self.modified = answer.etag, answer.modified
            self._take(answer)
        return True

    def _take(self, answer: Answer) -> None:
        self._check_size(answer.size or 0)
        for block in answer.blocks:
            self._check_size(self.have + len(block))
            self.file.write(block)
            self.have += len(block)
            if not self.asking.deadline.left:
                raise RetryError("the time for one file is over")
        if answer.size is not None and self.have != answer.size:
            if self.have > answer.size:
                self.etag = None
            raise RetryError(f"the server sends {self.have} bytes of a file of {answer.size}")

    def _check_size(self, size: int) -> None:
        name, most = self.asking.address.name, self.asking.options.most_bytes
        if size > most:
            raise SourceLimitError(name, f"longer than the {most} bytes that are fetched of one file")
