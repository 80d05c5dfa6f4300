"""A small hub on 127.0.0.1 that speaks as much of the protocol as a download needs, and can misbehave."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """Files of the server, its misbehaviour, and the requests that it got.

    Attributes:
        repository: the only one there is.
        files: content by name; names ending in ``.pth`` are large files, declared by their SHA-256 and sent
            from another origin, as from a content delivery network; others by git's hash, from the hub itself.
        gated: every file is refused with the code for a gated repository.
        status: a status that answers every question, or None.
        served: content that is sent in place of the declared one, by name.
        cuts: after how many bytes each of the next bodies ends.
        cut_by: form of a cut: the connection is "closed" as if all were well, "reset", or "silent" from then on.
        ignores_range: a body always begins at the first byte.
        held: no body is sent before this event is set.
        silent: the part that accepts requests and never answers: "hub", "cdn" or None.
        answers: number of requests that the hub itself still answers before it falls silent; None for all.
        bodies: the name and the ``Range`` header of each request for a body.
        sent: number of bytes of bodies that were sent.
        requests: method and path of every request.
        tokens: the part that was asked and the ``Authorization`` header, for every request.
    """

    repository: str = "owner/name"
    files: dict[str, bytes] = field(default_factory=dict)
    gated: bool = False
    status: int | None = None
    served: dict[str, bytes] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    cut_by: str = "closed"
    ignores_range: bool = False
    held: threading.Event | None = None
    silent: str | None = None
    answers: int | None = None
    bodies: list[tuple[str, str | None]] = field(default_factory=list)
    sent: int = 0
    requests: list[str] = field(default_factory=list)
    tokens: list[tuple[str, str | None]] = field(default_factory=list)
    endpoint: str = ""
    cdn: str = ""
    stopped: threading.Event = field(default_factory=threading.Event)

    def declared(self, name: str) -> str:
        content = self.files[name]
        if name.endswith(".pth"):
            return hashlib.sha256(content).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Serve ``hub`` from two ports, the hub's and its network's, until the block ends."""

    class HubHandler(_HubHandler):
        state = hub

    class CdnHandler(_CdnHandler):
        state = hub

    with (
        ThreadingHTTPServer(("127.0.0.1", 0), HubHandler) as main,
        ThreadingHTTPServer(("127.0.0.1", 0), CdnHandler) as network,
    ):
        hub.endpoint = f"http://127.0.0.1:{main.server_address[1]}"
        hub.cdn = f"http://127.0.0.1:{network.server_address[1]}"
        for server in (main, network):
            server.daemon_threads = True
            server.block_on_close = False
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield hub
        finally:
            hub.stopped.set()
            main.shutdown()
            network.shutdown()


class _Handler(BaseHTTPRequestHandler):
    state: Hub
    part = ""
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        pass

    def do_HEAD(self) -> None:
        self._handle()

    def do_GET(self) -> None:
        self._handle()

    def _handle(self) -> None:
        self.state.requests.append(f"{self.command} {self.path}")
        self.state.tokens.append((self.part, self.headers.get("Authorization")))
        if self.part == "hub" and self.state.answers is not None:
            self.state.silent = "hub" if self.state.answers == 0 else self.state.silent
            self.state.answers -= 1
        if self.state.silent == self.part:
            self.state.stopped.wait(600)
            self.close_connection = True
            return
        self._answer(unquote(urlsplit(self.path).path))

    def _answer(self, path: str) -> None:
        raise NotImplementedError

    def _send(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def _send_file(self, name: str, headers: dict[str, str]) -> None:
        """A file's content, from the byte that the ``Range`` header names, and maybe not to its end."""
        hub, get = self.state, self.command == "GET"
        content = hub.served.get(name, hub.files[name])
        wanted = self.headers.get("Range")
        if get:
            hub.bodies.append((name, wanted))
            if hub.held is not None:
                hub.held.wait(600)
        if hub.ignores_range:
            wanted = None
        start = int(wanted.removeprefix("bytes=").partition("-")[0]) if wanted else 0
        body = content[start:]
        headers = {"Content-Length": str(len(body)), "Accept-Ranges": "bytes", **headers}
        if wanted:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        cut = hub.cuts.pop(0) if get and hub.cuts else None
        self._send(206 if wanted else 200, headers, body[:cut])
        if get:
            hub.sent += len(body[:cut])
        if cut is not None:
            self._cut()

    def _cut(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        if self.state.cut_by == "silent":
            self.state.stopped.wait(600)
            return
        if self.state.cut_by == "reset":
            self._wait_until_read()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())

    def _wait_until_read(self) -> None:
        """Wait until the other side has taken what was sent, which a reset would throw away."""
        ends = [f":{self.client_address[1]:04X}", f":{self.connection.getsockname()[1]:04X}"]
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline:
            rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
            if not any([row[1][-5:], row[2][-5:]] == ends and not row[4].endswith(":00000000") for row in rows):
                return
            time.sleep(0.01)


class _HubHandler(_Handler):
    part = "hub"

    def _answer(self, path: str) -> None:
        hub = self.state
        if hub.status is not None:
            return self._send(hub.status, {})
        about = f"/api/models/{hub.repository}"
        if path.startswith(about):
            return self._about(path.removeprefix(about))
        if not path.startswith(f"/{hub.repository}/resolve/"):
            return self._send(401, {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
        if hub.gated:
            return self._send(403, {"X-Error-Code": "GatedRepo"})
        revision, _, name = path.removeprefix(f"/{hub.repository}/resolve/").partition("/")
        if revision not in ("main", COMMIT):
            return self._send(404, {"X-Error-Code": "RevisionNotFound"})
        if name not in hub.files:
            return self._send(404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
        headers = {"X-Repo-Commit": COMMIT}
        if not name.endswith(".pth"):
            return self._send_file(name, {**headers, "ETag": f'"{hub.declared(name)}"'})
        headers["X-Linked-Etag"] = f'"{hub.declared(name)}"'
        headers["X-Linked-Size"] = str(len(hub.files[name]))
        return self._send(302, {**headers, "ETag": '"of-the-pointer"', "Location": f"{hub.cdn}/{name}"})

    def _about(self, rest: str) -> None:
        if rest not in ("", "/revision/main", f"/revision/{COMMIT}"):
            return self._send(404, {"X-Error-Code": "RevisionNotFound"})
        siblings = [{"rfilename": name} for name in self.state.files]
        answer = {"id": self.state.repository, "sha": COMMIT, "siblings": siblings}
        return self._send(200, {"Content-Type": "application/json"}, json.dumps(answer).encode())


class _CdnHandler(_Handler):
    part = "cdn"

    def _answer(self, path: str) -> None:
        self._send_file(path.removeprefix("/"), {"ETag": '"of-the-network"'})
