"""Files of web servers: HTTP in which every hop is checked, and nothing that a server says is believed."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from os import environ
from urllib.parse import urljoin

import httpcore

from genconvit.core.errors import SourceAccessError, SourceError, UnsupportedSourceError
from genconvit.core.text import first_line
from genconvit.core.version import __version__
from genconvit.inputs.address import Address, parse_address
from genconvit.inputs.answer import Answer, Question, RetryError
from genconvit.inputs.deadline import Deadline
from genconvit.inputs.network import ForbiddenAddressError, GuardedBackend
from genconvit.inputs.options import RemoteOptions

_MOST_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_LATER = {408, 425, 429, 500, 502, 503, 504}
_REFUSALS = {401: "access refused", 403: "access refused", 404: "not found", 410: "gone"}
_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)")
_LONGEST_ETAG = 200
_WEAK = "W/"
"""Beginning of an entity tag that does not tell bytes apart, so that no rest can be asked for by it."""


class Web:
    """Asks web servers, by a connection of its own for each question.

    Args:
        options: time limits, and hosts that need not be public.
    """

    def __init__(self, options: RemoteOptions) -> None:
        self._options = options
        self._allowed = frozenset(options.allow_hosts)
        own = environ.get("SSL_CERT_FILE") or environ.get("SSL_CERT_DIR")
        self._ssl = ssl.create_default_context() if own else httpcore.default_ssl_context()

    @contextmanager
    def answer(self, question: Question, deadline: Deadline) -> Iterator[Answer]:
        """Ask once, and follow redirects.

        Raises:
            RetryError: another attempt may do better.
            SourceError: none will.
        """
        name = question.address.name
        backend = GuardedBackend(self._allowed, deadline)
        try:
            with httpcore.ConnectionPool(ssl_context=self._ssl, network_backend=backend) as pool:
                yield from self._followed(pool, question)
        except ForbiddenAddressError as error:
            reason = f"{error}; where that is meant, allow the host with --allow-host"
            raise SourceAccessError(name, reason) from error
        except (httpcore.UnsupportedProtocol, httpcore.LocalProtocolError) as error:
            raise SourceAccessError(name, f"not an address ({first_line(error)})") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            raise _failure(name, error, deadline) from error

    def _followed(self, pool: httpcore.ConnectionPool, question: Question) -> Iterator[Answer]:
        address = question.address
        limits = self._options
        timeouts = {"connect": limits.connect_seconds, "read": limits.read_seconds, "write": limits.read_seconds}
        for _ in range(_MOST_REDIRECTS + 1):
            headers = _headers(question)
            with pool.stream("GET", address.target, headers=headers, extensions={"timeout": timeouts}) as response:
                if response.status not in _REDIRECTS:
                    yield _answer(question, response)
                    return
                address = self._next(question.address.name, address, _header(response, "location"))
        raise SourceAccessError(question.address.name, f"more than {_MOST_REDIRECTS} redirects")

    def _next(self, name: str, address: Address, location: str | None) -> Address:
        if not location:
            raise SourceAccessError(name, "a redirect that leads nowhere")
        try:
            found = parse_address(urljoin(address.target, location), self._allowed)
        except (SourceError, ValueError) as error:
            reason = error.reason if isinstance(error, SourceError) else first_line(error)
            raise SourceAccessError(name, f"it redirects to what is not allowed: {reason}") from error
        if found.scheme not in ("http", "https"):
            raise SourceAccessError(name, f"it redirects to {found.scheme}://, which is not followed")
        return found


def _headers(question: Question) -> list[tuple[str, str]]:
    headers = [("User-Agent", f"genconvit/{__version__}"), ("Accept", "*/*"), ("Accept-Encoding", "identity")]
    if question.start and question.etag and not question.etag.startswith(_WEAK):
        headers += [("Range", f"bytes={question.start}-"), ("If-Range", question.etag)]
    elif question.known:
        headers += [("If-None-Match", question.known)]
    return [*headers, ("Connection", "close")]


def _answer(question: Question, response: httpcore.Response) -> Answer:
    name, status = question.address.name, response.status
    etag = _etag(response)
    if status == 304 and question.known:
        return Answer(question.known, is_unchanged=True)
    if status in _LATER:
        raise RetryError(f"the server answers with status {status}", _retry_after(_header(response, "retry-after")))
    if status == 416 and question.start:
        raise RetryError("the file is shorter than what is there of it")
    if status not in (200, 206):
        raise SourceAccessError(name, f"{_REFUSALS.get(status, 'the server answers')} (status {status})")
    encoding = _header(response, "content-encoding")
    if encoding not in (None, "", "identity"):
        raise UnsupportedSourceError(name, f"the server sends it in another form than asked for ({encoding[:40]!r})")
    size = _number(_header(response, "content-length"))
    if status == 206:
        size = _checked_range(question, _header(response, "content-range"), etag)
    modified = _date(_header(response, "last-modified"))
    return Answer(etag, modified, is_rest=status == 206, size=size, blocks=response.iter_stream())


def _checked_range(question: Question, text: str | None, etag: str | None) -> int | None:
    """The size of the whole file, from the answer to a question for a part."""
    match = _RANGE.fullmatch(text or "")
    if match is None or int(match[1]) != question.start or etag not in (None, question.etag):
        raise RetryError("the server sends another part than was asked for")
    return None if match[3] == "*" else int(match[3])


def _etag(response: httpcore.Response) -> str | None:
    etag = _header(response, "etag")
    return etag if etag and len(etag) <= _LONGEST_ETAG and etag.isascii() and etag.isprintable() else None


def _header(response: httpcore.Response, name: str) -> str | None:
    return next((value.decode("latin-1") for key, value in response.headers if key.lower() == name.encode()), None)


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"\d{1,19}", text) else None


def _retry_after(text: str | None) -> float:
    """Seconds that a server asks for, given as such or as a date; 0 where it asks for none."""
    if _number(text) is not None:
        return float(text or 0)
    date = _date(text)
    return 0.0 if date is None else max(0.0, date.timestamp() - time.time())


def _date(text: str | None) -> datetime | None:
    """The moment that a header names, in UTC; None where it names none."""
    try:
        return parsedate_to_datetime(text or "").astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def _failure(name: str, error: Exception, deadline: Deadline) -> RetryError | SourceAccessError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return SourceAccessError(name, f"the server's certificate is not valid ({cause.verify_message})")
        cause = cause.__cause__ or cause.__context__
    if not deadline.left:
        return RetryError("the time for one file is over")
    if isinstance(error, httpcore.TimeoutException):
        return RetryError("the server does not answer in time")
    return RetryError(f"the connection fails ({first_line(error)})")
