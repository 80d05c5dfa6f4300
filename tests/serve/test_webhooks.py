from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from genconvit.core.errors import ConfigError
from genconvit.serve.background import Background
from genconvit.serve.database import Database
from genconvit.serve.deliveries import Deliveries
from genconvit.serve.problems import Problem
from genconvit.serve.webhooks import DELIVERY, SIGNATURE, DeliveryError, Webhooks, sign
from processes import wait_until

SECRET = "s" * 32


def resolving(*addresses: str) -> Webhooks:
    return Webhooks(["hooks.example.org", "10.0.0.5:9000"], lambda *_: addresses)


class Hook(BaseHTTPRequestHandler):
    """Answers with the statuses that it was told to, and remembers what it got."""

    statuses: list[int]
    got: list[tuple[dict[str, str], bytes]]
    port: int

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((dict(self.headers), body))
        self.send_response(self.statuses.pop(0))
        self.send_header("Location", f"http://127.0.0.1:{self.port}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


@pytest.fixture
def hook() -> Iterator[type[Hook]]:
    """A server on loopback."""
    kind: type[Hook] = type("_Hook", (Hook,), {"statuses": [], "got": []})
    server = HTTPServer(("127.0.0.1", 0), kind)
    kind.port = server.server_port
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield kind
    server.shutdown()
    server.server_close()
    thread.join()


def place(hook: type[Hook]) -> str:
    return f"127.0.0.1:{hook.port}"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "http://hooks.example.org/",
        "https://hooks.example.org:9000/",
        "https://hooks.example.org.evil.example/",
        "https://user@hooks.example.org/",
        "https://user:secret@hooks.example.org/",
        "https://hooks.example.org/#part",
        "http://10.0.0.5/",
        "http://10.0.0.5:9001/",
        "ftp://hooks.example.org/",
        "file:///etc/passwd",
        "hooks.example.org",
        "https://[::1/",
        "https://hooks.example.org:99999/",
        "",
    ],
)
def test_a_webhook_to_another_place_is_refused(url: str) -> None:
    with pytest.raises(Problem, match=r"allows 10\.0\.0\.5:9000, hooks\.example\.org|goes by https"):
        resolving("93.184.215.14").target(url)


def test_a_webhook_to_an_allowed_place_is_taken() -> None:
    webhooks = resolving("93.184.215.14")
    assert webhooks.target("https://HOOKS.example.org/a?b=c").path == "/a?b=c"
    assert webhooks.target("http://10.0.0.5:9000/").host_header == "10.0.0.5:9000"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.6",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_a_name_that_leads_to_a_private_address_is_not_connected_to(address: str) -> None:
    webhooks = resolving("93.184.215.14", address)
    with pytest.raises(DeliveryError, match="private address that was not named"):
        webhooks.address(webhooks.target("https://hooks.example.org/"))


def test_a_private_address_is_connected_to_where_it_was_named_with_its_port() -> None:
    webhooks = resolving("10.0.0.5")
    assert webhooks.address(webhooks.target("http://10.0.0.5:9000/")) == "10.0.0.5"
    with pytest.raises(DeliveryError, match="private address"):
        webhooks.address(webhooks.target("https://hooks.example.org/"))


def test_the_address_that_was_checked_is_the_one_that_is_connected_to() -> None:
    answers = [["93.184.215.14"], ["127.0.0.1"]]
    webhooks = Webhooks(["hooks.example.org"], lambda *_: answers.pop(0))
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    webhooks.send("https://hooks.example.org/a", b"{}", delivery="1", secret="s" * 32, client=client)
    (request,) = seen
    assert (request.url.host, request.headers["host"]) == ("93.184.215.14", "hooks.example.org")
    assert request.extensions["sni_hostname"] == "hooks.example.org"
    assert len(answers) == 1, "it was resolved once"


def test_a_call_is_signed_over_its_time_and_its_body(hook: type[Hook]) -> None:
    hook.statuses.append(200)
    Webhooks([place(hook)]).send(f"http://{place(hook)}/", b'{"a": 1}', delivery="d1", secret=SECRET)
    ((headers, body),) = hook.got
    time, _, signature = headers[SIGNATURE].partition(",v1=")
    assert signature == sign(SECRET, time.removeprefix("t="), body)
    assert signature != sign(SECRET, "0", body) != sign("other", "0", body)
    assert (headers[DELIVERY], headers["Host"], body) == ("d1", place(hook), b'{"a": 1}')


def test_a_redirect_is_not_followed(hook: type[Hook]) -> None:
    hook.statuses += [307, 200]
    with pytest.raises(DeliveryError, match="answered 307"):
        Webhooks([place(hook)]).send(f"http://{place(hook)}/", b"{}", delivery="d1", secret=SECRET)
    assert len(hook.got) == 1


@pytest.mark.parametrize("host", ["", "https://a.example/", "a.example/path", "a.example:99999999", "u@a.example"])
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match="is no host"):
        Webhooks([host])


def put(database: Database, delivery: str, receiver: str, owner: str = "o", due: float = 0) -> None:
    database.run(
        "INSERT INTO deliveries (id, job, owner, url, receiver, body, due) VALUES (?, 'j', ?, ?, ?, '{}', ?)",
        (delivery, owner, f"http://{receiver}/", f"{owner} {receiver}", due),
    )


def wait_for(database: Database, hook: type[Hook], secret: str | None = SECRET) -> Deliveries:
    put(database, "d1", place(hook))
    return Deliveries(database, Webhooks([place(hook)]), lambda _: secret, pauses=(0.0, 0.0))


def waiting(database: Database) -> int:
    return len(database.rows("SELECT * FROM deliveries"))


def test_a_delivery_is_tried_again_under_the_same_id_until_it_is_taken(tmp_path: Path, hook: type[Hook]) -> None:
    hook.statuses += [500, 503, 204]
    with Database(tmp_path / "a") as database:
        deliveries = wait_for(database, hook)
        while waiting(database):
            deliveries.step()
        assert deliveries.step() > 0
    assert [headers[DELIVERY] for headers, _ in hook.got] == ["d1"] * 3


def test_a_delivery_is_given_up_after_its_last_pause(tmp_path: Path, hook: type[Hook]) -> None:
    hook.statuses += [500] * 9
    with Database(tmp_path / "a") as database:
        deliveries = wait_for(database, hook)
        while waiting(database):
            deliveries.step()
    assert len(hook.got) == 3


def test_a_delivery_outlasts_a_restart(tmp_path: Path, hook: type[Hook]) -> None:
    with Database(tmp_path / "a") as database:
        wait_for(database, hook)
    hook.statuses.append(200)
    with Database(tmp_path / "a") as database:
        Deliveries(database, Webhooks([place(hook)]), lambda _: SECRET).step()
        assert waiting(database) == 0
    assert json.loads(hook.got[0][1]) == {}


def test_a_revoked_keys_webhooks_are_dropped(tmp_path: Path, hook: type[Hook]) -> None:
    with Database(tmp_path / "a") as database:
        wait_for(database, hook, secret=None).step()
        assert waiting(database) == 0
    assert hook.got == []


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A receiver that takes a call and answers nothing, of which no step runs out of time."""
    monkeypatch.setattr("genconvit.serve.webhooks._STEP_SECONDS", 3600.0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def place_of(listener: socket.socket) -> str:
    return f"127.0.0.1:{listener.getsockname()[1]}"


def test_a_receiver_that_hangs_delays_no_other(
    tmp_path: Path, hook: type[Hook], silent: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genconvit.serve.webhooks._MOST_SECONDS", 3600.0)
    hook.statuses += [200] * 3
    with Database(tmp_path / "a") as database:
        for number in range(9):
            put(database, f"hung{number}", place_of(silent))
        for number in range(3):
            put(database, f"d{number}", place(hook), due=1 + number)
        webhooks = Webhooks([place_of(silent), place(hook)])
        deliveries = Deliveries(database, webhooks, lambda _: SECRET)
        threads = [Background("webhooks", deliveries.step) for _ in range(2)]
        for thread in threads:
            thread.start()
        assert wait_until(lambda: waiting(database) == 9)
        assert [headers[DELIVERY] for headers, _ in hook.got] == ["d0", "d1", "d2"]
        for thread in threads:
            thread.stop()
        silent.close()
        for thread in threads:
            thread.join(300)
        assert [row["attempt"] for row in database.rows("SELECT attempt FROM deliveries")].count(1) == 1


def test_a_receiver_gets_one_call_at_a_time_and_another_owner_has_a_turn(
    tmp_path: Path, silent: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genconvit.serve.webhooks._MOST_SECONDS", 3600.0)
    with Database(tmp_path / "a") as database:
        deliveries = Deliveries(database, Webhooks([place_of(silent)]), lambda _: SECRET)
        calls: list[Any] = []

        def begin() -> None:
            calls.append(Thread(target=deliveries.step))
            calls[-1].start()
            calls.append(silent.accept()[0])

        put(database, "a1", place_of(silent))
        put(database, "a2", place_of(silent))
        begin()
        assert deliveries.step() > 0
        put(database, "b1", place_of(silent), owner="b")
        begin()
        assert deliveries.step() > 0
        for connection in calls[1::2]:
            connection.close()
        for thread in calls[::2]:
            thread.join(300)
        rows = database.rows("SELECT id FROM deliveries WHERE attempt = 0")
        assert [row["id"] for row in rows] == ["a2"]


def test_a_call_has_an_end_however_its_receiver_spreads_its_answer(
    silent: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genconvit.serve.webhooks._MOST_SECONDS", 0.2)
    with pytest.raises(DeliveryError, match=r"did not answer within 0\.2 s"):
        Webhooks([place_of(silent)]).send(f"http://{place_of(silent)}/", b"{}", delivery="d1", secret=SECRET)
