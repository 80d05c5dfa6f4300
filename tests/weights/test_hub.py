from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from huggingface_hub import close_session, constants, hf_hub_download, scan_cache_dir

from genconvit.core.errors import WeightsError
from genconvit.weights.hub import PUBLISHED_REPOSITORY, HubFile, cached, download, list_files
from processes import LONG_SECONDS, wait_until

from .hub_server import COMMIT, Hub, serving

CONTENT = bytes(range(256)) * 1200
SHA256 = hashlib.sha256(CONTENT).hexdigest()


PATIENT_SECONDS = 100
"""A hub that answers does so sooner, however loaded the machine."""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with a large and a small file, asked by this process with an empty cache and patience."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with serving(Hub(files={"ed.pth": CONTENT, "config.json": b'{"size": "tiny"}'})) as server:
        _point_to(monkeypatch, server.endpoint)
        for name, value in {
            "HF_HUB_CACHE": str(tmp_path / "cache"),
            "HF_HUB_OFFLINE": False,
            "HF_HUB_ETAG_TIMEOUT": PATIENT_SECONDS,
            "HF_HUB_DOWNLOAD_TIMEOUT": PATIENT_SECONDS,
            "HF_HUB_DISABLE_TELEMETRY": True,
            "HF_TOKEN_PATH": str(tmp_path / "token"),
        }.items():
            monkeypatch.setattr(constants, name, value)
        close_session()
        yield server
        close_session()


def _point_to(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    template = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


def _go_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


@contextmanager
def _hurry(monkeypatch: pytest.MonkeyPatch, *names: str) -> Iterator[None]:
    """Short timeouts, for what never answers; by default for questions and for bodies."""
    with monkeypatch.context() as patched:
        for name in names or ("HF_HUB_ETAG_TIMEOUT", "HF_HUB_DOWNLOAD_TIMEOUT"):
            patched.setattr(constants, name, 0.2)
        yield


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries within a call follow each other without a pause, and what came is written in small pieces."""
    monkeypatch.setattr("huggingface_hub.file_download.time", SimpleNamespace(sleep=lambda _seconds: None))
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 50_000)


def _partial(cache: str | Path | None = None) -> Path:
    blobs = Path(cache or constants.HF_HUB_CACHE) / "models--owner--name" / "blobs"
    return blobs / f"{SHA256}.genconvit.incomplete"


def _damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _failure(repository: str = "owner/name", filename: str = "ed.pth", *, revision: str | None = None) -> str:
    """The message of a download that must fail, and soon."""
    start = time.monotonic()
    with pytest.raises(WeightsError) as caught:
        download(repository, filename, revision=revision)
    assert time.monotonic() - start < PATIENT_SECONDS
    return str(caught.value)


def test_a_file_is_downloaded_once(hub: Hub) -> None:
    first = download("owner/name", "ed.pth")
    assert first == HubFile(first.path, "owner/name", "ed.pth", COMMIT, SHA256)
    assert first.path.read_bytes() == CONTENT
    assert len(hub.bodies) == 1
    assert download("owner/name", "ed.pth") == first
    assert len(hub.bodies) == 1


def test_a_file_of_a_commit_is_taken_from_the_cache_without_a_question(hub: Hub) -> None:
    first = download("owner/name", "ed.pth", revision=COMMIT)
    asked = len(hub.requests)
    assert download("owner/name", "ed.pth", revision=COMMIT) == first
    assert len(hub.requests) == asked


def test_a_small_file_is_checked_by_its_git_hash(hub: Hub) -> None:
    got = download("owner/name", "config.json")
    assert got.sha256 == hashlib.sha256(hub.files["config.json"]).hexdigest()
    _damage(got.path)
    with pytest.raises(WeightsError, match=f"declared hash {hub.declared('config.json')}, computed "):
        download("owner/name", "config.json")


def test_a_download_that_is_cut_goes_on_where_it_stopped(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 50_000)
    hub.cuts = [100_000]
    assert download("owner/name", "ed.pth").sha256 == SHA256
    assert hub.bodies == [("ed.pth", None), ("ed.pth", "bytes=100000-")]


@pytest.mark.parametrize("offline", [False, True])
@pytest.mark.usefixtures("hub")
def test_a_damaged_file_is_noticed_and_removed(monkeypatch: pytest.MonkeyPatch, offline: bool) -> None:
    path = download("owner/name", "ed.pth").path
    _damage(path)
    with monkeypatch.context() as patch:
        if offline:
            _go_offline(patch)
        message = _failure()
    computed = hashlib.sha256(CONTENT[:153600] + bytes([CONTENT[153600] ^ 1]) + CONTENT[153601:]).hexdigest()
    assert f"declared hash {SHA256}, computed {computed}. It was removed from the cache: try again" in message
    assert cached("owner/name", "ed.pth") is None
    assert not list(path.parents[2].glob("blobs/*"))
    assert download("owner/name", "ed.pth").sha256 == SHA256


@pytest.mark.usefixtures("hub")
def test_nothing_outside_the_cache_is_removed(tmp_path: Path) -> None:
    path = download("owner/name", "ed.pth").path
    elsewhere = tmp_path / "elsewhere.pth"
    blob = path.resolve()
    elsewhere.write_bytes(CONTENT[:-1])
    blob.unlink()
    blob.symlink_to(elsewhere)
    assert "It was removed from the cache" in _failure()
    assert elsewhere.exists()
    assert not blob.is_symlink()
    assert not path.is_symlink()


def test_a_server_that_sends_something_else_is_noticed(hub: Hub) -> None:
    hub.served["ed.pth"] = CONTENT[::-1]
    assert f"declared hash {SHA256}" in _failure()
    assert cached("owner/name", "ed.pth") is None
    hub.served["ed.pth"] = CONTENT[:-10]
    assert "Consistency check failed" in _failure()
    hub.served.clear()
    assert download("owner/name", "ed.pth").sha256 == SHA256


def test_offline_the_cache_is_enough(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cached("owner/name", "ed.pth") is None
    got = download("owner/name", "ed.pth")
    asked = len(hub.requests)
    _go_offline(monkeypatch)
    assert download("owner/name", "ed.pth") == got == cached("owner/name", "ed.pth")
    assert (got.revision, got.sha256) == (COMMIT, SHA256)
    assert list_files("owner/name") == ["ed.pth"]
    assert len(hub.requests) == asked


def test_a_hub_out_of_reach_leaves_the_cache(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    got = download("owner/name", "ed.pth")
    hub.status = 503
    assert download("owner/name", "ed.pth") == got
    hub.silent = "hub"
    with _hurry(monkeypatch):
        assert download("owner/name", "ed.pth") == got
    _point_to(monkeypatch, "http://127.0.0.1:9")
    assert download("owner/name", "ed.pth") == got
    assert list_files("owner/name") == ["ed.pth"]


@pytest.mark.usefixtures("hub")
def test_without_links_the_hub_is_asked_for_the_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_SYMLINKS", True)
    got = download("owner/name", "ed.pth")
    assert not got.path.is_symlink()
    assert download("owner/name", "ed.pth") == got
    _go_offline(monkeypatch)
    message = _failure()
    assert "cannot be verified" in message
    assert "connect, so that the hub can be asked, or check the file yourself and give its path" in message
    assert got.path.exists()


def test_offline_without_the_file_the_error_names_four_ways_and_the_shipped_weights_first(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    _go_offline(monkeypatch)
    message = _failure()
    assert message.startswith("the file 'ed.pth' of 'owner/name' at revision 'main' is not on this machine")
    assert "offline mode is on (HF_HUB_OFFLINE)" in message
    assert f"Looked in the cache {constants.HF_HUB_CACHE} and at {hub.endpoint}" in message
    ways = (
        'Detector(weights="embedded")',
        "--weights embedded",
        "genconvit weights download",
        'weights={"ed": PATH, "vae": PATH}',
        "--weights ed=PATH --weights vae=PATH",
        'weights="random"',
    )
    places = [message.index(way) for way in ways]
    assert places == sorted(places)
    assert "the small V2 that ships with the library, trained on face swaps" in message
    with pytest.raises(WeightsError, match=r"the list of files of 'owner/name'.* offline mode is on"):
        list_files("owner/name")
    assert hub.requests == []


def test_no_connection_is_reported_at_once(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    _point_to(monkeypatch, "http://127.0.0.1:9")
    message = _failure()
    assert "could not be downloaded: ConnectError" in message
    assert "Four ways on" in message
    assert hub.requests == []


@pytest.mark.parametrize(("status", "text"), [(503, "answered with status 503"), (403, "refused the file")])
def test_a_hub_that_refuses_is_reported_at_once(hub: Hub, status: int, text: str) -> None:
    hub.status = status
    assert text in _failure()


def test_a_hub_that_never_answers_is_left_after_its_timeout(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.silent = "hub"
    with _hurry(monkeypatch):
        assert "could not be downloaded: ReadTimeout" in _failure()
        with pytest.raises(WeightsError, match=r"the list of files .* ReadTimeout"):
            list_files("owner/name")


def test_a_body_that_never_comes_ends_the_download(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.silent = "cdn"
    with _hurry(monkeypatch, "HF_HUB_DOWNLOAD_TIMEOUT"):
        assert "could not be downloaded: ReadTimeout" in _failure()
    assert not list(Path(constants.HF_HUB_CACHE).rglob("*.incomplete"))


def test_what_the_hub_does_not_have(hub: Hub) -> None:
    assert f"no repository 'owner/nmae' at {hub.endpoint}, or it is private; check its name" in _failure("owner/nmae")
    assert f"(did you mean {PUBLISHED_REPOSITORY!r}?)" in _failure("Deressa/GenConVit")
    assert "'owner/name' has no revision 'v9'; give one of its branches" in _failure(revision="v9")
    message = _failure(filename="de.pth")
    assert message.startswith("there is no file 'de.pth' of 'owner/name' at revision 'main' (did you mean 'ed.pth'?)")
    assert message.endswith("it holds: config.json, ed.pth")
    with pytest.raises(WeightsError, match="'owner/name' has no revision 'v9'"):
        list_files("owner/name", "v9")
    hub.gated = True
    assert f"ask for access at {hub.endpoint}/owner/name" in _failure()


@pytest.mark.parametrize("repository", ["name", "./a/b", "a/b/c", "/a/b.pth", "a b/c", "", "owner/na--me"])
def test_what_is_no_repository_is_not_asked_for(hub: Hub, repository: str) -> None:
    assert f"{repository!r} is not a repository on the hub, which is written owner/name" in _failure(repository)
    with pytest.raises(WeightsError, match="owner/name"):
        cached(repository, "ed.pth")
    assert hub.requests == []


@pytest.mark.parametrize("filename", ["", "../ed.pth", "/etc/passwd", "a/../../b", "a\\b"])
def test_what_is_no_file_name_is_not_asked_for(hub: Hub, filename: str) -> None:
    assert "is not the name of a file in a repository" in _failure(filename=filename)
    assert hub.requests == []


def test_a_server_that_is_no_hub_is_named(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    _point_to(monkeypatch, hub.cdn)
    hub.files["owner/name/resolve/main/ed.pth"] = CONTENT
    assert "FileMetadataError" in _failure()


def test_a_full_disk_is_named(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 10

    monkeypatch.setattr("shutil.disk_usage", lambda _path: Usage)
    message = _failure()
    assert message.startswith(f"the disk that holds {constants.HF_HUB_CACHE} has no room for the file 'ed.pth'")
    assert hub.bodies == []


def test_a_cache_that_cannot_be_written_to_is_named(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "file" / "cache"))
    message = _failure()
    assert message.startswith("cannot write the file 'ed.pth'")
    assert "set HF_HOME to a folder that can be written to" in message
    assert hub.bodies == []


def test_files_are_listed(hub: Hub) -> None:
    assert list_files("owner/name") == list_files("owner/name", COMMIT) == ["config.json", "ed.pth"]
    assert hub.bodies == []


GAVE_UP = [0] * 5
"""Cuts that use up the retries of a call."""


@pytest.mark.usefixtures("impatient")
def test_a_download_that_failed_goes_on_in_the_next_call(hub: Hub) -> None:
    hub.cuts = [100_000, *GAVE_UP]
    message = _failure()
    assert "RemoteProtocolError" in message
    assert f"100000 of {len(CONTENT)} bytes are kept, and the next call goes on from there" in message
    assert cached("owner/name", "ed.pth") is None
    hub.cuts = [50_000, *GAVE_UP]
    assert "150000 of 307200 bytes are kept" in _failure()
    got = download("owner/name", "ed.pth")
    assert (got.sha256, got.path.read_bytes()) == (SHA256, CONTENT)
    assert hub.bodies[-1] == ("ed.pth", "bytes=150000-")
    assert hub.sent == len(CONTENT)
    assert [path.name for path in _partial().parent.iterdir()] == [SHA256]


@pytest.mark.usefixtures("impatient")
def test_a_connection_that_is_reset_is_named(hub: Hub) -> None:
    hub.cut_by, hub.cuts = "reset", [200_000]
    message = _failure()
    assert "could not be downloaded: ReadError" in message
    assert "200000 of 307200 bytes are kept" in message
    assert download("owner/name", "ed.pth").sha256 == SHA256
    assert hub.bodies == [("ed.pth", None), ("ed.pth", "bytes=200000-")]


@pytest.mark.usefixtures("impatient")
def test_a_part_that_was_damaged_meanwhile_is_removed(hub: Hub) -> None:
    hub.cuts = [200_000, *GAVE_UP]
    _failure()
    _damage(_partial())
    message = _failure()
    assert f"declared hash {SHA256}, computed " in message
    assert "It was removed from the cache: try again" in message
    assert not list(_partial().parent.iterdir())
    assert download("owner/name", "ed.pth").sha256 == SHA256
    assert hub.bodies[-1] == ("ed.pth", None)


@pytest.mark.usefixtures("impatient")
def test_a_server_that_ignores_the_range_is_read_from_the_start(hub: Hub) -> None:
    hub.cuts = [200_000, *GAVE_UP]
    _failure()
    hub.ignores_range = True
    got = download("owner/name", "ed.pth")
    assert (got.sha256, got.path.read_bytes()) == (SHA256, CONTENT)
    assert hub.bodies[-1] == ("ed.pth", "bytes=200000-")


@pytest.mark.usefixtures("impatient")
def test_a_server_that_begins_anew_and_never_ends_is_left(hub: Hub) -> None:
    hub.ignores_range = True
    hub.cuts = [200_000] * 100
    assert "sends the file from its start again and again" in _failure()
    assert len(hub.bodies) < 10


def test_a_part_that_is_too_long_is_dropped(hub: Hub) -> None:
    _partial().parent.mkdir(parents=True)
    _partial().write_bytes(CONTENT + b"more")
    assert download("owner/name", "ed.pth").sha256 == SHA256
    assert hub.bodies == [("ed.pth", None)]


def test_a_part_that_is_whole_is_not_asked_for_again(hub: Hub) -> None:
    _partial().parent.mkdir(parents=True)
    _partial().write_bytes(CONTENT)
    assert download("owner/name", "ed.pth").sha256 == SHA256
    assert hub.bodies == []


def test_a_server_that_sends_more_than_declared_is_noticed(hub: Hub) -> None:
    hub.served["ed.pth"] = CONTENT + b"more"
    assert f"sends more than the declared {len(CONTENT)} bytes" in _failure()
    hub.served.clear()
    assert download("owner/name", "ed.pth").sha256 == SHA256


@pytest.mark.usefixtures("impatient")
def test_the_disk_needs_room_for_what_is_missing_only(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.cuts = [300_000, *GAVE_UP]
    _failure()
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=7_199))
        assert "7200 bytes are missing and 7199 are free" in _failure()
        patch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=7_200))
        assert download("owner/name", "ed.pth").sha256 == SHA256


@pytest.mark.parametrize("links", [True, False])
def test_huggingface_hub_finds_what_was_downloaded(hub: Hub, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_SYMLINKS", not links)
    for name in ("ed.pth", "config.json"):
        got = download("owner/name", name)
        assert got.path.is_symlink() is links
        for revision in (None, COMMIT):
            assert hf_hub_download("owner/name", name, revision=revision, local_files_only=True) == str(got.path)
    (known,) = scan_cache_dir(constants.HF_HUB_CACHE).repos
    assert known.size_on_disk == sum(map(len, hub.files.values()))
    assert set(known.refs) == {"main"}
    assert len(list(_partial().parent.iterdir())) == 2 * links


@pytest.mark.parametrize("links", [True, False])
def test_what_huggingface_hub_downloaded_is_not_fetched_again(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    path = Path(hf_hub_download("owner/name", "ed.pth"))
    assert download("owner/name", "ed.pth").path == path
    path.unlink()  # as after a new commit that leaves the file as it is
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_SYMLINKS", not links)
    assert download("owner/name", "ed.pth").path == path
    assert path.is_symlink() is links
    assert len(hub.bodies) == 1


@pytest.mark.usefixtures("impatient")
def test_a_hub_that_dies_after_the_question_is_left_soon(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.answers = 1
    with _hurry(monkeypatch, "HF_HUB_DOWNLOAD_TIMEOUT"):
        assert "could not be downloaded: ReadTimeout" in _failure()
    hub.answers, hub.silent = None, None
    got = download("owner/name", "ed.pth")
    got.path.unlink()
    hub.answers = 1
    with _hurry(monkeypatch, "HF_HUB_DOWNLOAD_TIMEOUT"):
        assert download("owner/name", "ed.pth") == got


def test_a_token_is_shown_to_the_hub_alone(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_of_this_test")
    download("owner/name", "ed.pth")
    assert set(hub.tokens) == {("hub", "Bearer hf_of_this_test"), ("cdn", None)}


def test_a_file_without_a_declared_hash_is_not_fetched(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hub, "declared", lambda _hub, name: f"no-hash-of-{name}")
    message = _failure()
    assert "cannot be verified" in message
    assert "the hub declares no hash for it but 'no-hash-of-ed.pth'" in message
    assert hub.bodies == []


def _wait_for(hub: Hub, what: str, count: int) -> None:
    """Wait for so many requests that begin like this."""
    assert wait_until(lambda: sum(request.startswith(what) for request in hub.requests) >= count)


def test_threads_that_want_the_same_file_fetch_it_once(hub: Hub) -> None:
    hub.held = threading.Event()
    with ThreadPoolExecutor(4) as pool:
        results = [pool.submit(download, "owner/name", "ed.pth") for _ in range(4)]
        _wait_for(hub, "HEAD", 4)
        hub.held.set()
        assert {result.result().sha256 for result in results} == {SHA256}
    assert hub.bodies == [("ed.pth", None)]


@pytest.mark.parametrize("links", [True, False])
def test_a_lock_that_does_not_hold_damages_nothing(hub: Hub, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    monkeypatch.setattr("huggingface_hub.utils.WeakFileLock", nullcontext)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_SYMLINKS", not links)
    hub.held = threading.Event()
    with ThreadPoolExecutor(4) as pool:
        results = [pool.submit(download, "owner/name", "ed.pth") for _ in range(4)]
        _wait_for(hub, "GET /ed.pth", 4)
        hub.held.set()
        assert {result.result().sha256 for result in results} == {SHA256}
    assert len(list(_partial().parent.iterdir())) == links


SCRIPT = """
import json
import signal
from dataclasses import asdict
from huggingface_hub import constants
from genconvit.core.errors import WeightsError
from genconvit.weights.hub import download
constants.DOWNLOAD_CHUNK_SIZE = 50_000
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    print(json.dumps(asdict(download("owner/name", "ed.pth")), default=str))
except WeightsError as error:
    print(json.dumps({"error": str(error)}))
"""


def _start(endpoint: str, home: Path, *, offline: bool = False) -> subprocess.Popen[str]:
    """A new process that downloads the file and knows the hub from its environment alone."""
    ours = ("PROXY", "HF_", "HUGGINGFACE_")
    environment = {name: value for name, value in os.environ.items() if not any(part in name.upper() for part in ours)}
    environment |= {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_HUB_OFFLINE": str(int(offline))}
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _answer(process: subprocess.Popen[str]) -> dict[str, str]:
    with process:
        output, complaint = process.communicate(timeout=LONG_SECONDS)
    assert process.returncode == 0, complaint
    answer: dict[str, str] = json.loads(output)
    return answer


def test_the_environment_of_huggingface_hub_holds(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(Hub(files={"ed.pth": CONTENT})) as server:
        got = _answer(_start(server.endpoint, home))
        assert Path(got["path"]).is_relative_to(home / "hub")
        assert (got["revision"], got["sha256"]) == (COMMIT, SHA256)
        asked = len(server.requests)
        assert _answer(_start(server.endpoint, home, offline=True)) == got
        assert "Four ways on" in _answer(_start(server.endpoint, tmp_path / "other", offline=True))["error"]
        assert len(server.requests) == asked


def test_a_new_process_goes_on_where_another_one_failed(tmp_path: Path) -> None:
    with serving(Hub(files={"ed.pth": CONTENT}, cuts=[200_000], cut_by="reset")) as server:
        assert "200000 of 307200 bytes are kept" in _answer(_start(server.endpoint, tmp_path))["error"]
        assert _partial(tmp_path / "hub").stat().st_size == 200_000
        assert _answer(_start(server.endpoint, tmp_path))["sha256"] == SHA256
        assert server.bodies == [("ed.pth", None), ("ed.pth", "bytes=200000-")]
        assert server.sent == len(CONTENT)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_process_that_is_stopped_leaves_its_part_to_the_next(tmp_path: Path, number: signal.Signals) -> None:
    with serving(Hub(files={"ed.pth": CONTENT}, cuts=[100_000], cut_by="silent")) as server:
        partial = _partial(tmp_path / "hub")
        with _start(server.endpoint, tmp_path) as process:
            assert wait_until(lambda: partial.exists() and partial.stat().st_size >= 100_000)
            process.send_signal(number)
            _output, complaint = process.communicate(timeout=LONG_SECONDS)
        assert process.returncode != 0
        assert number != signal.SIGINT or "KeyboardInterrupt" in complaint
        assert _answer(_start(server.endpoint, tmp_path))["sha256"] == SHA256
        assert server.bodies[1:] == [("ed.pth", "bytes=100000-")]


def test_processes_that_want_the_same_file_fetch_it_once(tmp_path: Path) -> None:
    with serving(Hub(files={"ed.pth": CONTENT}, held=threading.Event())) as server:
        processes = [_start(server.endpoint, tmp_path) for _ in range(2)]
        _wait_for(server, "HEAD", 2)
        assert server.held is not None
        server.held.set()
        first, second = map(_answer, processes)
        assert first == second
        assert first["sha256"] == SHA256
        assert server.bodies == [("ed.pth", None)]
