"""The program and its clients, over real connections on loopback."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn

import genconvit.serve.server as server_module
from genconvit import Client, VideoResult
from genconvit.core.errors import ConfigError, ServiceError
from genconvit.serve.config import ServeConfig
from genconvit.serve.protocol import PatientProtocol
from genconvit.serve.server import serve
from genconvit.settings import DetectorConfig
from processes import wait_until
from serving import Server, server


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server(tmp_path_factory.mktemp("data")) as made:
        yield made


def submit(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "genconvit", "submit", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=900)


def test_a_client_gets_predicts_result_and_the_report(served: Server, clip: Path, predicted: VideoResult) -> None:
    seen: list[str] = []
    with Client(served.url) as client:
        job_id = client.submit(clip)
        job = client.wait(job_id, progress=lambda job: seen.append(job.state))
        assert job.result == predicted.model_copy(update={"source": "clip.mp4"})
        assert seen[-1] == "done"
        assert "clip.mp4" in client.report(job_id)
        with pytest.raises(ServiceError, match="there is no such job") as caught:
            client.job("none")
        assert (caught.value.status, caught.value.problem) == (404, "notfound")


def test_submit_prints_what_predict_prints(served: Server, clip: Path, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    output, report = tmp_path / "results.jsonl", tmp_path / "report.html"
    done = submit(clip, tmp_path / "text.mp4", "--to", served.url, "--output", output)
    assert done.returncode == 3, done.stderr
    results = [VideoResult.model_validate_json(line) for line in output.read_text().splitlines()]
    assert [(each.source, each.status) for each in results] == [
        ("clip.mp4", results[0].status),
        ("text.mp4", "unreadable"),
    ]
    done = submit(clip, "--to", served.url, "--report", report, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["source"] == "clip.mp4"
    assert "clip.mp4" in report.read_text()


def test_submit_shows_on_a_terminal_what_it_sends_and_how_far_the_job_is(served: Server, clip: Path) -> None:
    terminal, end = pty.openpty()
    command = [sys.executable, "-m", "genconvit", "submit", str(clip), "--to", served.url, "--format", "json"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=end, env=environment) as running:
        os.close(end)
        shown = bytearray()
        with suppress(OSError):  # what the end of a terminal is
            while piece := os.read(terminal, 65536):
                shown += piece
        os.close(terminal)
        assert running.stdout is not None
        assert json.loads(running.stdout.read())[0]["source"] == "clip.mp4"
    size = clip.stat().st_size / 1e6
    assert b"sending clip.mp4" in shown
    assert f"{size:.1f} of {size:.1f} MB".encode() in shown
    assert b"done" in shown


def test_a_service_that_is_not_there_is_told(clip: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = submit(clip, "--to", f"http://127.0.0.1:{port}")
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    with pytest.raises(ConfigError, match="is no address of a service"):
        Client("localhost:8000")


def test_a_length_of_two_gigabytes_is_refused_before_a_byte_of_it_is_sent(served: Server) -> None:
    place = urlsplit(served.url)
    with socket.create_connection((place.hostname, place.port), timeout=300) as connection:
        head = f"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: {2 << 30}\r\n"
        connection.sendall(f"{head}Content-Type: multipart/form-data; boundary=x\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_the_end_of_the_program_keeps_the_jobs(tmp_path: Path, clip: Path) -> None:
    made = Server(tmp_path)
    with Client(made.url) as client:
        ids = [client.submit(clip) for _ in range(3)]
    assert made.end(signal.SIGTERM) == 128 + signal.SIGTERM
    assert "interrupted by SIGTERM" in "".join(made.said)
    with server(tmp_path) as again, Client(again.url) as client:
        assert [client.wait(job_id).state for job_id in ids] == ["done"] * 3


def test_a_port_that_is_taken_is_told(tmp_path: Path, embedded: DetectorConfig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = ServeConfig(port=taken.getsockname()[1], data=tmp_path)
        with pytest.raises(ConfigError, match="cannot be listened on"):
            serve(config, [embedded], print)


async def _echo(scope: Any, receive: Any, send: Any) -> None:
    del receive
    assert scope["type"] == "http"
    if scope["path"] == "/slow":
        await asyncio.sleep(1)
    body = bytes(int(scope["query_string"])) if scope["query_string"] else b"ok"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def hasty_server(request: pytest.FixtureRequest) -> Iterator[uvicorn.Server]:
    """A server whose patience ends after a fifth of a second, and that sends little at once."""
    protocol = type("Hasty", (PatientProtocol,), {"patience_seconds": 0.2, "answer_seconds": 0.2})
    idle = getattr(request, "param", 300)
    config = uvicorn.Config(_echo, http=protocol, ws="none", lifespan="off", log_config=None, timeout_keep_alive=idle)
    made = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)  # the least that the system allows
    thread = threading.Thread(target=made.run, kwargs={"sockets": [listener]})
    thread.start()
    assert wait_until(lambda: made.started)
    yield made
    made.should_exit = True
    thread.join()


@pytest.fixture
def hasty(hasty_server: uvicorn.Server) -> tuple[str, int]:
    """Address of that server."""
    host, port = hasty_server.servers[0].sockets[0].getsockname()[:2]
    return host, port


GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HT",
        GET + b"GET / HT",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc",
    ],
)
def test_a_connection_whose_request_does_not_arrive_is_closed(hasty: tuple[str, int], sent: bytes) -> None:
    with socket.create_connection(hasty, timeout=300) as connection:
        connection.sendall(sent)
        with suppress(ConnectionError):
            while connection.recv(1000):
                pass


def test_drops_of_a_request_do_not_keep_a_connection(hasty: tuple[str, int]) -> None:
    with socket.create_connection(hasty, timeout=0.05) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")

        def is_closed() -> bool:
            try:
                connection.sendall(b"X-A: b\r\n")
                return connection.recv(10) == b""
            except TimeoutError:
                return False
            except ConnectionError:
                return True

        assert wait_until(is_closed)


def test_patience_is_for_requests_alone(hasty: tuple[str, int]) -> None:
    with socket.create_connection(hasty, timeout=300) as connection:
        for path in (b"/", b"/slow", b"/"):
            connection.sendall(GET.replace(b"/ ", path + b" ", 1))
            answer = b""
            while not answer.endswith(b"ok"):
                answer += connection.recv(1000)
            assert answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(("hasty_server", "size"), [(300, 50_000_000), (0, 50_000)], indirect=["hasty_server"])
def test_a_connection_whose_answer_is_not_taken_is_given_up(
    hasty_server: uvicorn.Server, hasty: tuple[str, int], size: int
) -> None:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        connection.connect(hasty)
        connection.sendall(GET.replace(b"/ ", b"/?%d " % size, 1))
        assert connection.recv(1), "it began"
        assert wait_until(lambda: not hasty_server.server_state.connections)


def test_an_answer_that_is_taken_slowly_is_not_given_up() -> None:
    left, calls, aborted = [100, 60, 60, 60], list[Any](), list[int]()

    class Loop:
        def call_later(self, seconds: float, call: Any, *given: Any) -> None:
            del seconds
            calls.append(lambda: call(*given))

    class Transport:
        def get_write_buffer_size(self) -> int:
            return left.pop(0)

        def abort(self) -> None:
            aborted.append(len(left))

    protocol = object.__new__(PatientProtocol)
    vars(protocol).update(loop=Loop(), transport=Transport())
    protocol._await_taking()
    while calls:
        calls.pop(0)()
    assert aborted == [0]


@pytest.mark.parametrize(("files", "most"), [(200, 100), (100_000, 1000), (resource.RLIM_INFINITY, 1000)])
def test_connections_leave_room_for_the_files_of_the_service(
    files: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (files, files))
    assert server_module._most_connections() == most
