"""The sources that are finished: an entry for each on the disk, and a digest of each in memory."""

from __future__ import annotations

import hashlib
import zlib
from typing import get_args

from pydantic import Field, NonNegativeInt, ValidationError

from genconvit.core.config import FrozenConfig
from genconvit.journal.identity import Identity
from genconvit.journal.tally import FAILED, Tally
from genconvit.results.result import Status

_REOPENED = "reopened"
_STATES: tuple[str, ...] = (*get_args(Status), _REOPENED)
_STATE_BITS = 3


class DoneEntry(FrozenConfig):
    """A finished source, and the line that its result is."""

    source: str
    """Name of the source, as in its result."""

    identity: Identity
    """State of the source before it was read."""

    status: Status
    """Status of its result."""

    reason: str | None = None
    """Reason why it is unreadable, else None."""

    length: NonNegativeInt
    """Length of the result's line in bytes, with its line break."""

    crc32: int = Field(ge=0, lt=1 << 32)
    """CRC-32 of that line."""

    @property
    def key(self) -> bytes:
        """16 bytes that stand for the source's name in memory."""
        return key_of(self.source)

    def is_of(self, line: bytes) -> bool:
        """Tell whether a line is the one that the entry was made for."""
        return len(line) == self.length and zlib.crc32(line) == self.crc32

    def line(self) -> bytes:
        """Give the entry as a line."""
        return self.model_dump_json(exclude_defaults=True).encode() + b"\n"

    @classmethod
    def of_line(cls, line: bytes) -> DoneEntry | None:
        """The entry that a line is; None for a line that is none."""
        try:
            return cls.model_validate_json(line)
        except ValidationError:
            return None


def key_of(source: str) -> bytes:
    """16 bytes that stand for a source's name in memory."""
    return hashlib.blake2b(source.encode("utf-8", "backslashreplace"), digest_size=16).digest()


class Done:
    """The finished sources in memory, about 150 bytes for each, however long its name and its result are.

    Attributes:
        tally: count of them, without those that were done again since.
        superseded: number of entries of sources that were done again since.
    """

    def __init__(self) -> None:
        self.tally = Tally()
        self.superseded = 0
        self._known: dict[bytes, int] = {}
        self._reasons: dict[bytes, str | None] = {}

    def add(self, entry: DoneEntry) -> None:
        """Take a finished source; one that was known before takes its place."""
        key = entry.key
        before = self._known.get(key)
        if before is not None:
            self.superseded += 1
            if _state(before) != _REOPENED:
                self.tally.add(_state(before), self._reasons.pop(key, None), -1)
        self._known[key] = _packed(entry.identity, entry.status)
        if entry.status == FAILED:
            self._reasons[key] = entry.reason
        self.tally.add(entry.status, entry.reason)

    def reopen_failures(self) -> None:
        """Let what could not be read be finished no longer; it stays known, and is not counted."""
        for key, reason in self._reasons.items():
            self.tally.add(FAILED, reason, -1)
            self._known[key] = _STATES.index(_REOPENED)
        self._reasons.clear()

    def knows(self, source: str) -> bool:
        """Tell whether a source of this name was finished once, in whatever state."""
        return key_of(source) in self._known

    def answers(self, source: str, identity: Identity | None) -> bool:
        """Tell whether a source of this name is finished, in this state, or in any where that is None."""
        known = self._known.get(key_of(source))
        if known is None or _state(known) == _REOPENED:
            return False
        return identity is None or known == _packed(identity, _state(known))


def _packed(identity: Identity, state: str) -> int:
    return identity.digest << _STATE_BITS | _STATES.index(state)


def _state(known: int) -> str:
    return _STATES[known & ((1 << _STATE_BITS) - 1)]
