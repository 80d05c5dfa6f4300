"""A service under load: many clients at once, hostile ones among them, beside predict over as many clips."""

from __future__ import annotations

import ctypes
import random
import shutil
import socket
import struct
import sys
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from genconvit import Client, Detector, DetectorConfig
from genconvit.cli import main
from genconvit.registry import VIDEO_DECODERS
from genconvit.video.base import FrameStream
from genconvit.video.pyav import PyAVDecoder
from processes import children
from serving import Server

CRASH = b"a file that crashes its decoder"


class Crashing(PyAVDecoder):
    """Reads videos, and dies by a signal on files of one kind."""

    name = "crashing"

    def open(self, path: Path) -> FrameStream:
        with path.open("rb") as file:
            if file.read(len(CRASH)) == CRASH:
                ctypes.string_at(0)
        return super().open(path)


def serve_with_a_crashing_decoder() -> None:
    """Be ``genconvit serve`` with one more decoder; decoders of plugins are found in the same way."""
    VIDEO_DECODERS.register("crashing", Crashing)
    sys.argv = ["genconvit", "serve", *sys.argv[1:]]
    main()


@dataclass
class Load:
    """What a load did.

    Attributes:
        sent: number of good uploads.
        right: number of them that got predict's result.
        hostile: what became of each kind of hostile request.
        predict_seconds: seconds that predict took for a folder of as many clips.
        serve_seconds: seconds from the first upload to the last result.
        peak_mb: most memory of the service and its workers together, in MiB.
        alive: true where the service answered afterwards.
        wrong: first few answers that were not right.
    """

    sent: int = 0
    right: int = 0
    hostile: dict[str, list[str]] = field(default_factory=dict)
    predict_seconds: float = 0.0
    serve_seconds: float = 0.0
    peak_mb: float = 0.0
    alive: bool = False
    wrong: list[str] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Seconds of the service over those of predict."""
        return self.serve_seconds / self.predict_seconds


def load(folder: Path, clip: Path, *, uploads: int, at_once: int, each_hostile: int, reports: str) -> Load:
    """Score copies of a clip by predict, and then by a service under load.

    Args:
        folder: folder for everything.
        clip: the clip.
        uploads: number of good uploads.
        at_once: number of clients that send at once.
        each_hostile: number of requests of each of the hostile kinds.
        reports: kind of the reports that the service makes.
    """
    found = Load(sent=uploads)
    score = _predict(folder, clip, uploads, found)
    flags = ("--decoder", "crashing", "--reports", reports, "--most-upload", "64")
    program = ("-c", "import loading; loading.serve_with_a_crashing_decoder()")
    server = Server(folder / "data", *flags, program=program)
    watching = threading.Event()
    try:
        server.await_ready()
        watcher = threading.Thread(target=_watch_memory, args=(server.process.pid, found, watching))
        watcher.start()
        _send_all(server.url, clip, score, at_once, each_hostile, found)
        watching.set()
        watcher.join()
        found.alive = server.process.poll() is None and httpx.get(f"{server.url}/readyz").status_code == 200
    finally:
        watching.set()
        server.end()
    return found


def _predict(folder: Path, clip: Path, uploads: int, found: Load) -> float | None:
    """Score as many copies, and give their one score."""
    sources = [folder / "clips" / f"{number}.mp4" for number in range(uploads)]
    sources[0].parent.mkdir()
    for source in sources:
        shutil.copy(clip, source)
    VIDEO_DECODERS.register("crashing", Crashing)
    options: dict[str, Any] = {"weights": "embedded", "frames": 2, "device": "cpu", "workers": 2, "decoder": "crashing"}
    try:
        with Detector(DetectorConfig.from_options(**options)) as detector:
            detector.predict(clip)
            begun = time.monotonic()
            scores = {result.fake_probability for result in detector.predict_many(iter(sources))}
            found.predict_seconds = time.monotonic() - begun
    finally:
        VIDEO_DECODERS.unregister("crashing")
    (score,) = scores
    return score


def _send_all(url: str, clip: Path, score: float | None, at_once: int, each_hostile: int, found: Load) -> None:
    """Send everything in one shuffled order, and wait for every answer."""
    slow = [_SlowSender(url) for _ in range(each_hostile)]

    locked, own, closing = threading.Lock(), threading.local(), ExitStack()

    def good() -> None:
        if not hasattr(own, "client"):  # one for each thread, as 50 programs would have
            own.client = closing.enter_context(Client(url, timeout_seconds=600))
        job = own.client.wait(own.client.submit(clip), seconds=3600)
        with locked:
            if job.state == "done" and job.fake_probability == score:
                found.right += 1
            else:
                found.wrong.append(job.model_dump_json()[:300])

    work: list[Callable[[], None]] = [good] * found.sent
    for kind, send in HOSTILE.items():
        found.hostile[kind] = []
        work += [lambda kind=kind, send=send: found.hostile[kind].append(send(url))] * each_hostile  # type: ignore[misc]
    random.Random(0).shuffle(work)  # noqa: S311 - no secret
    begun = time.monotonic()
    with closing, ThreadPoolExecutor(at_once) as pool:
        for task in [pool.submit(each) for each in work]:
            task.result()
    found.serve_seconds = time.monotonic() - begun
    found.hostile["slow sender"] = [each.end() for each in slow]


def _two_gigabytes(url: str) -> str:
    """Declare two gigabytes of zeros, and send them until the service hangs up."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), timeout=600) as connection:
        head = f"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: {2 << 30}\r\n"
        connection.sendall(f"{head}Content-Type: multipart/form-data; boundary=x\r\n\r\n".encode())
        status = connection.recv(12).decode()
        with suppress(OSError):
            for _ in range(64):
                connection.sendall(bytes(1 << 20))
        return status


def _without_a_length(url: str) -> str:
    """Send more than is allowed, in pieces, without saying how much it is."""

    def body() -> object:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
        for _ in range(128):
            yield bytes(1 << 20)

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    try:
        return str(httpx.post(f"{url}/v1/jobs", content=body(), headers=headers, timeout=600).status_code)  # type: ignore[arg-type]
    except httpx.HTTPError as error:
        return type(error).__name__


def _path_as_a_name(url: str) -> str:
    return _outcome(url, "../../../../etc/cron.d/clip.mp4", b"* * * * * root true\n")


def _bomb(url: str) -> str:
    """Send a picture of 60000 x 60000 pixels in a few kilobytes."""
    rows = zlib.compress(bytes(1 << 20), 9)
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    chunks = b"".join(_chunk(kind, data) for kind, data in ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")))
    return _outcome(url, "bomb.png", b"\x89PNG\r\n\x1a\n" + chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _crash(url: str) -> str:
    return _outcome(url, "crash.mp4", CRASH * 100)


def _outcome(url: str, name: str, content: bytes) -> str:
    response = httpx.post(f"{url}/v1/jobs", files={"file": (name, content)}, timeout=600)
    if response.status_code != 202:
        return str(response.status_code)
    with Client(url, timeout_seconds=600) as client:
        job = client.wait(response.json()["id"], seconds=3600)
    return f"{job.state} {job.error.code if job.error else ''} {job.name}"


HOSTILE: dict[str, Callable[[str], str]] = {
    "two gigabytes declared": _two_gigabytes,
    "too much, undeclared": _without_a_length,
    "a path as a name": _path_as_a_name,
    "a bomb": _bomb,
    "a crash": _crash,
}
"""Hostile requests by kind, each of which gives what became of it."""


class _SlowSender:
    """Sends a byte of an upload now and then, for as long as it is let."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._connection = socket.create_connection((place.hostname, place.port), timeout=600)
        head = "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
        form = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
        self._connection.sendall(f"{head}Content-Type: multipart/form-data; boundary=x\r\n\r\n{form}".encode())
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._drip)
        self._thread.start()

    def end(self) -> str:
        self._ended.set()
        self._thread.join()
        self._connection.close()
        return "held one connection"

    def _drip(self) -> None:
        with suppress(OSError):
            while not self._ended.wait(0.5):
                self._connection.sendall(b"x")


def _watch_memory(pid: int, found: Load, ended: threading.Event) -> None:
    while not ended.wait(0.2):
        found.peak_mb = max(found.peak_mb, sum(map(_resident_mb, {pid, *children(pid)})))


def _resident_mb(pid: int) -> float:
    """Memory of a process that is its own, in MiB; 0 for one that has ended."""
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
    return 0.0
