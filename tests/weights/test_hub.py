from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import close_session, constants

from genconvit.errors import WeightsError
from genconvit.weights.hub import PUBLISHED_REPOSITORY, HubFile, cached, download, list_files

from .hub_server import COMMIT, Hub, serving

CONTENT = bytes(range(256)) * 1200
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with a large and a small file, asked by this process with an empty cache and short timeouts."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with serving(Hub(files={"ed.pth": CONTENT, "config.json": b'{"size": "tiny"}'})) as server:
        _point_to(monkeypatch, server.endpoint)
        for name, value in {
            "HF_HUB_CACHE": str(tmp_path / "cache"),
            "HF_HUB_OFFLINE": False,
            "HF_HUB_ETAG_TIMEOUT": 1,
            "HF_HUB_DOWNLOAD_TIMEOUT": 1,
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


def _damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _failure(repository: str = "owner/name", filename: str = "ed.pth", *, revision: str | None = None) -> str:
    """The message of a download that must fail, and soon."""
    start = time.monotonic()
    with pytest.raises(WeightsError) as caught:
        download(repository, filename, revision=revision)
    assert time.monotonic() - start < 5
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
    hub.cut_after = 100_000
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


def test_offline_without_the_file_the_error_names_three_ways(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    _go_offline(monkeypatch)
    message = _failure()
    assert message.startswith("the file 'ed.pth' of 'owner/name' at revision 'main' is not on this machine")
    assert "offline mode is on (HF_HUB_OFFLINE)" in message
    assert f"Looked in the cache {constants.HF_HUB_CACHE} and at {hub.endpoint}" in message
    for way in (
        "genconvit weights download",
        'weights={"ed": PATH, "vae": PATH}',
        "--weights ed=PATH --weights vae=PATH",
        'weights="random"',
    ):
        assert way in message
    with pytest.raises(WeightsError, match=r"the list of files of 'owner/name'.* offline mode is on"):
        list_files("owner/name")
    assert hub.requests == []


def test_no_connection_is_reported_at_once(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    _point_to(monkeypatch, "http://127.0.0.1:9")
    message = _failure()
    assert "could not be downloaded: ConnectError" in message
    assert "Three ways on" in message
    assert hub.requests == []


@pytest.mark.parametrize(("status", "text"), [(503, "answered with status 503"), (403, "refused the file")])
def test_a_hub_that_refuses_is_reported_at_once(hub: Hub, status: int, text: str) -> None:
    hub.status = status
    assert text in _failure()


def test_a_hub_that_never_answers_is_left_after_its_timeout(hub: Hub) -> None:
    hub.silent = "hub"
    message = _failure()
    assert "could not be downloaded: ReadTimeout" in message
    with pytest.raises(WeightsError, match=r"the list of files .* ReadTimeout"):
        list_files("owner/name")


def test_a_body_that_never_comes_ends_the_download(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.2)
    hub.silent = "cdn"
    start = time.monotonic()
    with pytest.raises(WeightsError, match="could not be downloaded: ReadTimeout"):
        download("owner/name", "ed.pth")
    assert time.monotonic() - start < 15
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


SCRIPT = """
import json
from dataclasses import asdict
from genconvit.errors import WeightsError
from genconvit.weights.hub import download
try:
    print(json.dumps(asdict(download("owner/name", "ed.pth")), default=str))
except WeightsError as error:
    print(json.dumps({"error": str(error)}))
"""


def _download_elsewhere(endpoint: str, home: Path, *, offline: bool) -> dict[str, str]:
    """What a new process that knows the hub from its environment alone gets."""
    ours = ("PROXY", "HF_", "HUGGINGFACE_")
    environment = {name: value for name, value in os.environ.items() if not any(part in name.upper() for part in ours)}
    environment |= {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_HUB_OFFLINE": str(int(offline))}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


def test_the_environment_of_huggingface_hub_holds(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(Hub(files={"ed.pth": CONTENT})) as server:
        got = _download_elsewhere(server.endpoint, home, offline=False)
        assert Path(got["path"]).is_relative_to(home / "hub")
        assert (got["revision"], got["sha256"]) == (COMMIT, SHA256)
        asked = len(server.requests)
        assert _download_elsewhere(server.endpoint, home, offline=True) == got
        assert "Three ways on" in _download_elsewhere(server.endpoint, tmp_path / "other", offline=True)["error"]
        assert len(server.requests) == asked
