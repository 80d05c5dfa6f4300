"""A web server on this machine that behaves as the test says: slow, broken, lying, forbidding, redirecting."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from .local_server import serving


@dataclass
class Served:
    """One answer of the server.

    Attributes:
        body: bytes that are sent.
        status: status of the answer.
        headers: headers beside the usual ones; one that is empty is left out.
        cut: number of bytes after which the connection ends; None sends all.
        pause: event that is waited for after the first byte; None sends all at once.
        ranged: send the part that is asked for.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    pause: threading.Event | None = None
    ranged: bool = True


@dataclass
class Site:
    """A server, and what it was asked.

    Attributes:
        port: port on 127.0.0.1.
        answers: answers by path, one for each question; the last is given again and again.
        asked: path and headers of each question, names lower case.
    """

    port: int = 0
    answers: dict[str, list[Served]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def asked_headers(self, name: str) -> list[str | None]:
        """A header of each question."""
        return [headers.get(name) for _, headers in self.asked]


@contextmanager
def site() -> Iterator[Site]:
    """A server that runs until the end of the block."""
    made = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            made.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            answers = made.answers.get(self.path.partition("?")[0], [Served(status=404)])
            _send(self, answers.pop(0) if len(answers) > 1 else answers[0])

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as made.port:
        yield made


def _send(handler: BaseHTTPRequestHandler, served: Served) -> None:
    body, status, etag = served.body, served.status, served.headers.get("ETag")
    headers = {"Content-Length": str(len(body)), **served.headers}
    asked = handler.headers
    if etag and asked.get("If-None-Match") == etag and status == 200:
        status, body, headers = 304, b"", {"ETag": etag}
    elif asked.get("Range") and served.ranged and status == 200 and asked.get("If-Range") == etag:
        start = int(asked["Range"].removeprefix("bytes=").removesuffix("-"))
        headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        status, body = 206, body[start:]
        headers["Content-Length"] = str(len(body))
    handler.close_connection = True
    handler.send_response(status)
    for name, value in headers.items():
        if value:
            handler.send_header(name, value)
    handler.end_headers()
    try:
        if served.pause is not None:
            handler.wfile.write(body[:1])
            handler.wfile.flush()
            served.pause.wait(60)
            body = body[1:]
        handler.wfile.write(body[: served.cut])
    except OSError:  # the other side is gone
        pass
