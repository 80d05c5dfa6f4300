"""Reader of Content Credentials: one process a file, with limits and without network, and no trust in its answer."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from pydantic import ValidationError

from genconvit.core.closeable import Closeable
from genconvit.core.errors import (
    ConfigError,
    DecoderCrashError,
    GenConViTError,
    SourceError,
    SourceLimitError,
    UnsupportedSourceError,
)
from genconvit.core.types import is_array
from genconvit.credentials.trust_list import TrustAnchors, read_trust_list
from genconvit.isolation.child import START_SECONDS, ChildProcess, why_no_process
from genconvit.isolation.incoming import failure
from genconvit.isolation.limits import IsolationLimits
from genconvit.isolation.messages import Message, MessageError
from genconvit.results.credentials import ContentCredentials
from genconvit.video.given import GivenSource
from genconvit.video.names import Source, is_folder, path_of, source_name
from genconvit.video.sources import open_file

INSTALL = "pip install 'genconvit[c2pa]'"
REMOTE = "remote"

_ELSEWHERE = "they are not in the file, which names an address for them; nothing is fetched"
_NOT_ALLOWED = "its reader sent what is not allowed"
_CLOSED = "the reader of Content Credentials is closed; make another one"
_PROGRAM = "genconvit.credentials.worker"


def read_credentials(
    source: str | os.PathLike[str],
    trust_list: str | os.PathLike[str] | None = None,
    *,
    time_limit_seconds: float | None = None,
    memory_limit_mb: int | None = None,
) -> ContentCredentials:
    """Read the Content Credentials (C2PA) of a file; what cannot be read has the state ``unreadable`` and a reason.

    Needs the extra ``c2pa``. Nothing is fetched: neither credentials that lie elsewhere, nor trust lists, nor whether a
    certificate was revoked.

    Args:
        source: path of an image or a video.
        trust_list: path of a file with the certificates of authorities, in PEM, whose signers are trusted.
        time_limit_seconds: seconds that the file may take; None is 120.
        memory_limit_mb: MiB that it may take, on Linux; None is 2048.

    Raises:
        ConfigError: the extra is not installed, a limit is not allowed, or the trust list cannot be read.
    """
    with CredentialsReader(trust_list, IsolationLimits.of(time_limit_seconds, memory_limit_mb)) as reader:
        return reader.read(source)


class CredentialsReader(Closeable):
    """Reads the Content Credentials of sources; may be called from several threads.

    Args:
        trust_list: path of a file of certificates; None is none.
        limits: limits of one file.

    Raises:
        ConfigError: the extra is not installed, this program cannot have processes, or the list cannot be read.
    """

    def __init__(self, trust_list: str | os.PathLike[str] | None, limits: IsolationLimits) -> None:
        why_not = why_no_process()
        if why_not:
            raise ConfigError(f"Content Credentials cannot be read: {why_not}; leave out --credentials")
        if find_spec("c2pa") is None:
            raise ConfigError(f"reading Content Credentials needs c2pa-python, which is not installed; {INSTALL}")
        self._anchors = None if trust_list is None else read_trust_list(trust_list)
        self._limits = limits
        self._running: set[ChildProcess] = set()
        self._closed = False
        self._read_by = f"c2pa-python {_version()}"

    def read(self, source: Source) -> ContentCredentials:
        """The credentials of a source, which are unreadable where it is no file.

        Raises:
            ConfigError: c2pa-python does not work here, or does not take the trust list.
            GenConViTError: the reader is closed.
        """
        try:
            return self._credentials(self._found(source))
        except SourceError as error:
            failed = error
        except (ValidationError, TypeError):  # the process that read the file may be the file's
            failed = DecoderCrashError(source_name(source), _NOT_ALLOWED)
        except ConfigError as error:
            if self._closed:
                raise GenConViTError(_CLOSED) from error
            raise
        if self._closed:
            raise GenConViTError(_CLOSED)
        return self._credentials({"state": "unreadable", "reason": failed.reason, "error_code": failed.code})

    def close(self) -> None:
        """End what is under way, and read nothing more; more than once is fine."""
        self._closed = True
        for process in tuple(self._running):
            process.kill()

    def _credentials(self, found: dict[str, Any]) -> ContentCredentials:
        trust_list = self._anchors.info if self._anchors else None
        return ContentCredentials(**found, trust_list=trust_list, read_by=self._read_by)

    def _found(self, source: Source) -> dict[str, Any]:
        """Fields that a process of its own found in a file, unchecked."""
        if isinstance(source, GivenSource) and source.error is not None:
            raise source.error
        name, path = source_name(source), path_of(source)
        if path is None or is_folder(path):
            what = "frames in memory, and" if is_array(source) else "a folder, and" if path else "no path, and"
            raise UnsupportedSourceError(name, f"the source is {what} only a file has credentials")
        with open_file(path) as file:
            process = _start(file.fileno(), self._limits.memory_limit_mb)
        self._running.add(process)
        try:
            if self._closed:
                raise GenConViTError(_CLOSED)
            _order(process, self._anchors)
            return self._answer(process, name)
        finally:
            self._running.discard(process)
            process.close()

    def _answer(self, process: ChildProcess, name: str) -> dict[str, Any]:
        _await_start(process)
        seconds = self._limits.time_limit_seconds
        try:
            return _fields(process.receive(seconds), name)
        except TimeoutError as error:
            raise SourceLimitError(name, f"its reader did not answer within the time limit of {seconds:g} s") from error
        except EOFError as error:
            raise _end(process, name) from error
        except MessageError as error:
            raise DecoderCrashError(name, _NOT_ALLOWED) from error


def try_c2pa() -> None:
    """Load c2pa as a process that reads credentials does; not in this one, whose current folder may hold a library.

    Raises:
        ModuleNotFoundError: it is not installed.
        ConfigError: it does not work here.
    """
    if find_spec("c2pa") is None:
        raise ModuleNotFoundError("No module named 'c2pa'")
    with open_file(__file__) as file:
        process = _start(file.fileno(), IsolationLimits().memory_limit_mb)
    try:
        _order(process, None)
        _await_start(process)
    finally:
        process.close()


def _start(descriptor: int, memory_limit_mb: int) -> ChildProcess:
    try:
        return ChildProcess(_PROGRAM, [descriptor], role="its reader", memory_limit_mb=memory_limit_mb)
    except OSError as error:
        raise ConfigError(
            f"a process to read Content Credentials cannot be started ({error.strerror}); leave credentials out"
        ) from error


def _order(process: ChildProcess, anchors: TrustAnchors | None) -> None:
    certificates = anchors.certificates if anchors else ()
    with suppress(EOFError):  # the wait for its start finds out why
        process.send({"kind": "read", "memory_limit_mb": process.memory_limit_mb, "anchors": len(certificates)})
        for pem in certificates:
            process.send({"kind": "anchor", "pem": pem})


def _await_start(process: ChildProcess) -> None:
    try:
        message = process.receive(START_SECONDS)
    except (EOFError, TimeoutError, MessageError) as error:
        raise ConfigError(f"the reader of Content Credentials does not start ({process.last_words()})") from error
    if message["kind"] != "ready":
        told = failure(message, "credentials")
        raise ConfigError(f"c2pa-python does not work here ({told}); install it anew: {INSTALL}")


def _fields(message: Message, name: str) -> dict[str, Any]:
    """The fields that a message tells, unchecked but for their being fields."""
    if message["kind"] == "failed":
        told = failure(message, name)
        raise told if isinstance(told, SourceError) else MessageError("an error that is not about the file")
    if message["kind"] == REMOTE:
        reason = {"reason": _ELSEWHERE, "error_code": REMOTE}
        return {"state": "unreadable", "remote_url": message.get("url"), **reason}
    found = message.get("found")
    if message["kind"] != "read" or not isinstance(found, dict):
        raise MessageError(f"a message of kind {message['kind']!r:.40}")
    return found


def _end(process: ChildProcess, name: str) -> SourceError:
    """The error of a process that ended before it answered. Rust ends one that gets no memory, and says so."""
    kind, reason = process.end_of()
    if "memory allocation of" in process.printed():
        return SourceLimitError(name, f"it needs more memory than the limit of {process.memory_limit_mb} MB")
    return kind(name, reason)


def _version() -> str:
    try:
        return version("c2pa-python")
    except PackageNotFoundError:
        return "of an unknown version"
