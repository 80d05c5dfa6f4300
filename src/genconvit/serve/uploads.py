"""Forms with a file, taken as they arrive: bounded in size, time and number of parts, and never whole in memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from genconvit.serve.files import Upload, no_room, too_large
from genconvit.serve.problems import Problem

FIELDS = ("path", "options", "webhook")
FILE = "file"
_MOST_FIELD_BYTES = 1 << 16
_MOST_HEADERS = 8
_MOST_HEADER_BYTES = 4096
_MOST_BESIDE_BYTES = 1 << 20
"""Bytes that a request may have beside its file."""


@dataclass
class Form:
    """A form that was taken.

    Attributes:
        fields: values of its fields, by name.
        file_name: name that the client gave the file; None without a file.
        upload: the file, not finished yet; None without one.
    """

    fields: dict[str, str] = field(default_factory=dict)
    file_name: str | None = None
    upload: Upload | None = None


@dataclass(frozen=True)
class FormLimits:
    """Limits of one form.

    Attributes:
        most_bytes: bytes that the file may have.
        seconds: seconds that the form may take to arrive.
        silence_seconds: seconds for which nothing may arrive.
    """

    most_bytes: int
    seconds: float
    silence_seconds: float


async def read_form(
    stream: AsyncIterator[bytes],
    content_type: str | None,
    content_length: str | None,
    begin: Callable[[str], Upload],
    limits: FormLimits,
) -> Form:
    """Take a form.

    Args:
        stream: pieces of the request's body.
        content_type: value of ``Content-Type``.
        content_length: value of ``Content-Length``; one that is too large is refused before anything is read.
        begin: begins to write a file, given the client's name for it.
        limits: limits of the form.

    Raises:
        Problem: it is no such form, too large or too slow. What was written of its file is deleted.
    """
    kind, parameters = parse_options_header(content_type)
    boundary = parameters.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise Problem(415, "unsupported", "a job is sent as multipart/form-data, with a part file or a part path")
    most = limits.most_bytes + _MOST_BESIDE_BYTES
    if content_length is not None and (not content_length.isdecimal() or int(content_length) > most):
        raise too_large(limits.most_bytes)
    parts = _Parts(begin)
    try:
        parser = parts.parser(boundary)
        async for piece in _bounded(stream, limits, most, too_large(limits.most_bytes)):
            parser.write(piece)
            await parts.flush()
        parser.finalize()
        return parts.finished()
    except FormParserError as error:
        parts.drop()
        raise Problem(400, "config", f"the form cannot be read ({str(error)[:160]}); send it anew") from error
    except BaseException:
        parts.drop()
        raise


async def read_small(stream: AsyncIterator[bytes], limits: FormLimits) -> bytes:
    """Take a body that is no form, whole.

    Raises:
        Problem: it is longer than a field may be, or too slow.
    """
    problem = Problem(413, "limit", f"the body is longer than {_MOST_FIELD_BYTES} bytes; shorten it")
    return b"".join([piece async for piece in _bounded(stream, limits, _MOST_FIELD_BYTES, problem)])


async def _bounded(
    stream: AsyncIterator[bytes], limits: FormLimits, most: int, too_much: Problem
) -> AsyncIterator[bytes]:
    """Pieces of a body that arrives in time, and is no longer than it may be."""
    read = 0
    until = time.monotonic() + limits.seconds
    pieces = stream.__aiter__()
    while True:
        left = until - time.monotonic()
        try:
            piece = await asyncio.wait_for(pieces.__anext__(), min(limits.silence_seconds, max(left, 0.0)))
        except StopAsyncIteration:
            return
        except (TimeoutError, asyncio.TimeoutError):
            raise Problem(
                408,
                "limit",
                f"the request took longer than {limits.seconds:g} s, or was silent for {limits.silence_seconds:g} s; "
                "send it anew, faster",
                {"Connection": "close"},
            ) from None
        read += len(piece)
        if read > most:
            raise too_much
        yield piece


class _Parts:
    """The parts of a form as they arrive."""

    def __init__(self, begin: Callable[[str], Upload]) -> None:
        self._begin = begin
        self._form = Form()
        self._header = (bytearray(), bytearray())
        self._disposition = b""
        self._name = ""
        self._value = bytearray()
        self._pieces: list[bytes] = []
        self._ended = False

    def parser(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begins,
                "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
                "on_header_end": self._header_ends,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._data,
                "on_part_end": self._part_ends,
                "on_end": self._end,
            },
            max_header_count=_MOST_HEADERS,
            max_header_size=_MOST_HEADER_BYTES,
        )

    async def flush(self) -> None:
        """Write what arrived of the file, in another thread: a disk may be slow."""
        if self._pieces and self._form.upload is not None:
            piece = b"".join(self._pieces)
            self._pieces.clear()
            try:
                await asyncio.to_thread(self._form.upload.write, piece)
            except OSError as error:
                raise no_room(error) from error

    def finished(self) -> Form:
        if not self._ended:
            raise Problem(400, "config", "the form ended before its last part did; send it anew")
        return self._form

    def drop(self) -> None:
        if self._form.upload is not None:
            self._form.upload.drop()

    def _part_begins(self) -> None:
        self._disposition, self._name = b"", ""
        self._value = bytearray()

    def _header_ends(self) -> None:
        name, value = (bytes(each) for each in self._header)
        self._header = (bytearray(), bytearray())
        if name.lower() == b"content-disposition":
            self._disposition = value

    def _headers_end(self) -> None:
        _, parameters = parse_options_header(self._disposition)
        self._name = parameters.get(b"name", b"").decode("utf-8", "replace")
        if self._name in self._form.fields or (self._name == FILE and self._form.upload is not None):
            raise Problem(422, "config", f"the part {self._name!r} comes twice; send it once")
        if self._name == FILE:
            self._form.file_name = parameters.get(b"filename", b"").decode("utf-8", "replace")
            try:
                self._form.upload = self._begin(self._form.file_name)
            except OSError as error:
                raise no_room(error) from error
        elif self._name not in FIELDS:
            raise Problem(
                422, "config", f"there is no part {self._name[:80]!r}; the parts are {', '.join((FILE, *FIELDS))}"
            )

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._name == FILE:
            self._pieces.append(data[start:end])
            return
        self._value += data[start:end]
        if len(self._value) > _MOST_FIELD_BYTES:
            raise Problem(413, "limit", f"the part {self._name!r} is longer than {_MOST_FIELD_BYTES} bytes; shorten it")

    def _part_ends(self) -> None:
        if self._name != FILE:
            try:
                self._form.fields[self._name] = self._value.decode("utf-8")
            except UnicodeDecodeError:
                raise Problem(422, "config", f"the part {self._name!r} is no UTF-8; send text") from None

    def _end(self) -> None:
        self._ended = True
