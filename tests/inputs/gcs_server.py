"""The part of Google Cloud Storage's JSON API that reading takes: facts about an object, and its bytes by range."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote, urlsplit

from .local_server import serving

_OBJECT = re.compile(r"(/download)?/storage/v1/b/([^/]+)/o/(.+)")


@dataclass
class Bucket:
    """A server of one bucket, ``clips``.

    Attributes:
        url: address of the server.
        objects: content of each object by its key, the versions in their order.
        status: status that is answered with instead; None answers.
        changes: content that an object gets once the first part of it was given.
    """

    url: str = ""
    objects: dict[str, list[bytes]] = field(default_factory=dict)
    status: int | None = None
    changes: dict[str, bytes] = field(default_factory=dict)

    def facts(self, key: str) -> dict[str, object]:
        """Facts about the newest version of an object."""
        versions = self.objects[key]
        return {
            "kind": "storage#object",
            "bucket": "clips",
            "name": key,
            "size": str(len(versions[-1])),
            "generation": str(len(versions)),
            "etag": f"tag{len(versions)}",
            "updated": "2026-11-28T10:00:00.000Z",
            "timeCreated": "2026-11-28T10:00:00.000Z",
        }


@contextmanager
def gcs() -> Iterator[Bucket]:
    """A server that runs until the end of the block."""
    made = Bucket()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body, headers = _answer(made, self.path, self.headers.get("Range"))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as port:
        made.url = f"http://127.0.0.1:{port}"
        yield made


def _answer(bucket: Bucket, address: str, part: str | None) -> tuple[int, bytes, dict[str, str]]:
    parts = urlsplit(address)
    match = _OBJECT.fullmatch(parts.path)
    key = unquote(match[3]) if match and match[2] == "clips" else ""
    if bucket.status is not None or key not in bucket.objects:
        status = bucket.status or 404
        return status, json.dumps({"error": {"code": status, "message": "refused"}}).encode(), {}
    if match is None or not match[1]:
        return 200, json.dumps(bucket.facts(key)).encode(), {"Content-Type": "application/json"}
    versions = bucket.objects[key]
    content = versions[-1]
    start, end = (int(each) for each in (part or f"bytes=0-{len(content) - 1}").removeprefix("bytes=").split("-"))
    if key in bucket.changes:
        versions.append(bucket.changes.pop(key))
    piece = content[start : end + 1]
    return 206, piece, {"Content-Range": f"bytes {start}-{start + len(piece) - 1}/{len(content)}"}
