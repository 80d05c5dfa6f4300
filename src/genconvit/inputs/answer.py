"""The answer of a server to the question for a file, whichever kind of server it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from genconvit.inputs.address import Address
from genconvit.inputs.deadline import Deadline


class RetryError(Exception):
    """An attempt failed, and another may not.

    Args:
        reason: reason, as the end of a sentence.
        wait_seconds: time that the server asks for before the next.
    """

    def __init__(self, reason: str, wait_seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_seconds = wait_seconds


@dataclass(frozen=True)
class Answer:
    """An answer, whose bytes are still to come.

    Attributes:
        etag: entity tag of the bytes; None where the server gives none.
        modified: time of their last change; None where the server gives none.
        is_unchanged: true where the bytes are those that the caller has already.
        is_rest: true where the bytes begin where it was asked to, and belong to those before.
        size: size of the whole file as the server says it; None where it does not.
        blocks: the bytes.
    """

    etag: str | None
    modified: datetime | None = None
    is_unchanged: bool = False
    is_rest: bool = False
    size: int | None = None
    blocks: Iterator[bytes] = field(default_factory=lambda: iter(()))


@dataclass(frozen=True)
class Question:
    """Question for a file, or for its rest.

    Attributes:
        address: address of the file.
        start: number of bytes that are there of an attempt before.
        etag: entity tag of these bytes.
        known: entity tag of a whole copy that is there; None without one.
    """

    address: Address
    start: int = 0
    etag: str | None = None
    known: str | None = None


class Server(Protocol):
    """Answers questions for files."""

    def answer(self, question: Question, deadline: Deadline) -> AbstractContextManager[Answer]:
        """Ask once.

        Raises:
            RetryError: another attempt may do better.
            SourceError: none will.
        """
