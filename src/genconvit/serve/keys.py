"""Keys of clients: a file that holds their hashes, read again where it has changed."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import Field, ValidationError

from genconvit.core.config import FrozenConfig, validation_message
from genconvit.core.errors import ConfigError
from genconvit.core.files import written_whole
from genconvit.core.locks import Lock, locked
from genconvit.core.text import first_line

_MOST_BYTES = 10 << 20
_PREFIX = "gcv_"


class Key(FrozenConfig):
    """A key as it is stored."""

    id: str = Field(pattern=r"^[0-9a-f]{16}$")
    """Id that jobs belong to."""

    name: str = Field(min_length=1, max_length=100)
    """Name of whoever has it."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 of the key, which is random and long, in hexadecimal."""

    webhook_secret: str = Field(min_length=32)
    """Secret that webhooks of its jobs are signed with."""

    created: float
    """Time at which it was made, in seconds since 1970."""


class _Stored(FrozenConfig):
    version: int = 1
    """Version of the file's layout."""

    keys: tuple[Key, ...] = ()
    """The keys, in the order in which they were made."""


def read_keys(path: Path) -> tuple[Key, ...]:
    """The keys of a file; none where it is not there.

    Raises:
        ConfigError: it cannot be read, or is no file of keys.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ConfigError(f"{str(path)!r} cannot be read: {first_line(error)}; check its rights") from error
    try:
        return _Stored.model_validate_json(content).keys
    except ValidationError as error:
        raise ConfigError(
            f"{str(path)!r} is no file of keys ({validation_message(error)[:200]}); make one with genconvit keys add"
        ) from None


def add_key(path: Path, name: str) -> tuple[Key, str]:
    """Add a key to a file, which is made where it is not there; gives it as it is stored, and the key itself.

    Raises:
        ConfigError: the name is taken or none, or the file cannot be read or written.
    """
    text = _PREFIX + secrets.token_urlsafe(32)
    try:
        made = Key(
            id=secrets.token_hex(8),
            name=name,
            sha256=_sha256(text),
            webhook_secret=secrets.token_urlsafe(32),
            created=time.time(),
        )
    except ValidationError as error:
        raise ConfigError(f"{name!r} is no name of a key: {validation_message(error)}; give another") from None
    with _alone(path):
        keys = read_keys(path)
        if any(key.name == name for key in keys):
            raise ConfigError(f"there is a key for {name!r}; revoke it first, or choose another name")
        _write(path, (*keys, made))
    return made, text


def revoke_key(path: Path, name: str) -> None:
    """Take a key out of a file; the service refuses it from its next request on.

    Raises:
        ConfigError: there is none of this name, or the file cannot be read or written.
    """
    with _alone(path):
        keys = read_keys(path)
        kept = tuple(key for key in keys if key.name != name)
        if len(kept) == len(keys):
            names = ", ".join(repr(key.name) for key in keys) or "none"
            raise ConfigError(f"there is no key for {name!r}; there are keys for {names}")
        _write(path, kept)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one program at a time change a file, by a lock on its folder: the file itself is replaced."""
    try:
        folder = os.open(path.parent, os.O_RDONLY)
    except OSError as error:
        raise ConfigError(f"{str(path)!r} cannot be written: {first_line(error)}; choose another file") from error
    try:
        locked(folder, Lock.EXCLUSIVE)
        yield
    finally:
        os.close(folder)


def _write(path: Path, keys: Sequence[Key]) -> None:
    text = json.dumps(_Stored(keys=tuple(keys)).model_dump(mode="json"), indent=2)
    try:
        with written_whole(path, durable=True) as partial:
            partial.write_text(text + "\n", encoding="utf-8")
            partial.chmod(0o600)
        path.chmod(0o600)
    except OSError as error:
        raise ConfigError(f"{str(path)!r} cannot be written: {first_line(error)}; choose another file") from error


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class KeyFile:
    """The keys of a file, as it is now; safe to call from several threads.

    Args:
        path: path of the file.

    Raises:
        ConfigError: it cannot be read, or holds no key.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._keys: tuple[Key, ...] = ()
        if not self.keys():
            raise ConfigError(f"{str(path)!r} holds no key; add one with genconvit keys add NAME --file {path}")

    def keys(self) -> tuple[Key, ...]:
        """The keys; none where the file was deleted or cannot be read any more."""
        with self._turn:
            try:
                status = self._path.stat()
                seen = (status.st_mtime_ns, status.st_size, status.st_ino)
                if seen != self._seen:
                    self._keys, self._seen = read_keys(self._path), seen
            except (OSError, ConfigError):
                self._keys, self._seen = (), None
            return self._keys

    def find(self, text: str) -> Key | None:
        """The key that a client gives; None where there is none such. Every key takes the same time."""
        given, found = _sha256(text), None
        for key in self.keys():
            if hmac.compare_digest(key.sha256, given):
                found = key
        return found

    def secret_of(self, owner: str) -> str | None:
        """The secret that an owner's webhooks are signed with; None for a key that was revoked."""
        return next((key.webhook_secret for key in self.keys() if key.id == owner), None)


class Tickets:
    """Short permits to read one job's report, for a browser's frame, which sends no key.

    Args:
        seconds: seconds for which one holds.
    """

    def __init__(self, seconds: float = 600.0) -> None:
        self._seconds = seconds
        self._secret = secrets.token_bytes(32)

    def make(self, owner: str, job_id: str) -> str:
        """Make a permit for a job of an owner."""
        until = str(int(time.time() + self._seconds))
        return f"{until}.{owner}.{self._sign(until, owner, job_id)}"

    def owner(self, ticket: str, job_id: str) -> str | None:
        """The owner whose permit it is; None where it is none for this job, or too old."""
        until, _, rest = ticket.partition(".")
        owner, _, signature = rest.partition(".")
        if not hmac.compare_digest(self._sign(until, owner, job_id).encode(), signature.encode()):
            return None
        return owner if int(until) >= time.time() else None

    def _sign(self, *parts: str) -> str:
        return hmac.new(self._secret, "\n".join(parts).encode(), hashlib.sha256).hexdigest()
