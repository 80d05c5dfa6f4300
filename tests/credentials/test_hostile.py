"""A file that crashes, hangs or takes over the process that reads its credentials ends as one without an answer."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from genconvit.core.errors import ConfigError, GenConViTError
from genconvit.credentials import reader as module
from genconvit.credentials.reader import CredentialsReader
from genconvit.isolation.limits import IsolationLimits
from processes import wait_until
from signing import make_file

from .conftest import Read

NOT_ALLOWED = ("crash", "its reader sent what is not allowed")
MEMORY = ("limit", "it needs more memory than the limit of 2048 MB")

ENDS = {
    "crashes": ("crash", "its reader crashed (SIGSEGV)"),
    "exits": ("crash", "its reader ended its process (exit status 3)"),
    "sleeps": ("limit", "its reader did not answer within the time limit of 0.5 s"),
    "runs_out_of_memory": MEMORY,
    "aborts_without_memory": MEMORY,
    "sends_no_json": NOT_ALLOWED,
    "sends_another_kind": NOT_ALLOWED,
    "sends_an_error_of_the_machine": NOT_ALLOWED,
    "sends_another_state": NOT_ALLOWED,
    "sends_another_field": NOT_ALLOWED,
    "sends_a_trust_list": NOT_ALLOWED,
    "sends_trust_without_a_list": NOT_ALLOWED,
    "sends_long_texts": NOT_ALLOWED,
    "sends_too_many": NOT_ALLOWED,
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return make_file(tmp_path / "a.png")


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(module, "_PROGRAM", "hostile_credentials")
    return monkeypatch


@pytest.mark.parametrize("act", ENDS)
def test_it_is_unreadable_for_a_plain_reason(read: Read, path: Path, hostile: pytest.MonkeyPatch, act: str) -> None:
    hostile.setenv("HOSTILE_CREDENTIALS", act)
    found = read(path, time_limit_seconds=0.5 if act == "sleeps" else 300)
    assert (found.state, found.manifests, found.signer_trust) == ("unreadable", (), None)
    assert (found.error_code, found.reason) == ENDS[act]


def test_it_opens_neither_files_nor_connections(read: Read, path: Path, hostile: pytest.MonkeyPatch) -> None:
    hostile.setenv("HOSTILE_CREDENTIALS", "tries_to_open")
    assert read(path).reason == ", ".join(["OSError"] * 4)


def test_closing_ends_what_is_under_way(path: Path, hostile: pytest.MonkeyPatch) -> None:
    hostile.setenv("HOSTILE_CREDENTIALS", "sleeps")
    reader = CredentialsReader(None, IsolationLimits(time_limit_seconds=500))
    ends: list[str] = []

    def run() -> None:
        try:
            reader.read(path)
        except GenConViTError as error:
            ends.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    assert wait_until(lambda: bool(reader._running))
    reader.close()
    thread.join(300)
    run()
    assert ends == ["the reader of Content Credentials is closed; make another one"] * 2
    assert not reader._running


def test_a_program_that_does_not_start_is_an_error_of_the_machine(
    read: Read, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PROGRAM", "no_such_module")
    with pytest.raises(ConfigError, match=r"does not start \(ModuleNotFoundError: No module named 'no_such_module'\)"):
        read(path)


def test_a_library_that_does_not_load_is_an_error_of_the_machine(
    read: Read, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "c2pa.py").write_text("raise RuntimeError('no library for this machine')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match=r"does not work here \(RuntimeError: no library for this machine\)"):
        read(path)
