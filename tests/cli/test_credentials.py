"""``genconvit credentials``, and the flags of ``predict``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from genconvit.credentials import reader as module
from signing import Authority, make_file, sign

from .conftest import FakeDetector, Run


def test_it_prints_a_standing_and_claims_and_never_what_steers_a_terminal(
    run: Callable[..., Run], tmp_path: Path
) -> None:
    authority = Authority("Root")
    trusted = tmp_path / "trusted.pem"
    trusted.write_text(authority.pem)
    signed = sign(make_file(tmp_path / "a.jpg"), authority.signer("Signer"), tool="\x1b[31m<b>\u202e\n")
    plain = make_file(tmp_path / "b\x1b[31m.jpg")
    ended = run("credentials", signed, plain)
    assert (ended.status, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == f"{signed}: intact, signer not checked"
    assert "  claimed, not proven: signed by Signer" in lines
    assert "    claimed tool: \\x1b[31m<b>\\u202e\\n 1.2" in lines
    assert f"{tmp_path}/b\\x1b[31m.jpg: none in the file" in lines
    ended = run("credentials", signed, "--trust-list", trusted, "--json")
    ((row,), status) = json.loads(ended.out), ended.status
    assert (status, row["source"], row["credentials"]["signer_trust"]) == (0, str(signed), "trusted")
    assert ended.out.isascii()


def test_an_unreadable_file_is_answered_and_told_by_the_exit_status(run: Callable[..., Run], tmp_path: Path) -> None:
    ended = run("credentials", tmp_path / "none.jpg", tmp_path)
    assert ended.status == 3
    assert f"{tmp_path}/none.jpg: unreadable (no such file; check the path)" in ended.out
    assert "the source is a folder" in ended.out


def test_a_wrong_option_is_one_message(
    run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = run("credentials", "a.jpg", "--trust-list", tmp_path / "none.pem")
    assert (ended.status, ended.out) == (2, "")
    assert "error: the trust list" in ended.err
    assert run("credentials", "a.jpg", "--time-limit", "-1").status == 2
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    ended = run("credentials", "a.jpg")
    assert (ended.status, ended.out) == (2, "")
    assert "pip install 'genconvit[c2pa]'" in ended.err


def test_predict_takes_them_as_flags_and_others_do_not(
    run: Callable[..., Run], fake: FakeDetector, tmp_path: Path
) -> None:
    (tmp_path / "a.mp4").touch()
    (tmp_path / "list.pem").touch()
    flags = ("--credentials", "--trust-list", tmp_path / "list.pem")
    assert run("predict", tmp_path / "a.mp4", "--weights", "random", *flags).status == 0
    assert (fake.configs[-1].credentials, fake.configs[-1].trust_list) == (True, str(tmp_path / "list.pem"))
    taken = run("predict", tmp_path / "a.mp4", "--weights", "random", *flags, "--output", tmp_path / "list.pem")
    assert (taken.status, "is also read" in taken.err or "suffix" in taken.err) == (2, True)
    ended = run("evaluate", tmp_path, "--dataset", "folder", "--credentials")
    assert (ended.status, "No such option: --credentials" in ended.err) == (2, True)
