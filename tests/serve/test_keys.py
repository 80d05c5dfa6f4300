from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from genconvit.core.errors import ConfigError
from genconvit.serve.keys import KeyFile, Tickets, add_key, read_keys, revoke_key


def test_a_key_is_kept_as_its_hash_alone(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    made, text = add_key(file, "anna")
    assert text not in file.read_text()
    assert text.removeprefix("gcv_") not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert read_keys(file) == (made,)
    assert KeyFile(file).find(text) == made


def test_a_wrong_a_missing_and_a_revoked_key_are_none(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    _, text = add_key(file, "anna")
    _, other = add_key(file, "ben")
    keys = KeyFile(file)
    assert [keys.find(wrong) for wrong in ("", text[:-1], text + "x", text.upper(), "gcv_")] == [None] * 5
    assert keys.find(text) is not None
    revoke_key(file, "anna")
    assert keys.find(text) is None
    assert keys.find(other) is not None


def test_a_file_of_keys_that_is_gone_lets_nobody_in(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    made, text = add_key(file, "anna")
    keys = KeyFile(file)
    assert keys.secret_of(made.id) == made.webhook_secret
    file.unlink()
    assert keys.find(text) is None
    assert keys.secret_of(made.id) is None


def test_a_damaged_file_of_keys_is_refused_and_lets_nobody_in(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    _, text = add_key(file, "anna")
    keys = KeyFile(file)
    file.write_text('{"keys": [{"name": "eve"}]}')
    os.utime(file, ns=(1, 1))
    assert keys.find(text) is None
    with pytest.raises(ConfigError, match="is no file of keys"):
        read_keys(file)


def test_names_are_each_of_one_key(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    add_key(file, "anna")
    with pytest.raises(ConfigError, match="there is a key for 'anna'"):
        add_key(file, "anna")
    with pytest.raises(ConfigError, match="no key for 'ben'; there are keys for 'anna'"):
        revoke_key(file, "ben")
    with pytest.raises(ConfigError, match="is no name of a key"):
        add_key(file, "")


def test_a_service_needs_a_key_that_somebody_has(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no key; add one with genconvit keys add"):
        KeyFile(tmp_path / "none.json")


def test_a_ticket_is_for_one_owners_report_and_for_a_time() -> None:
    tickets = Tickets()
    ticket = tickets.make("owner", "job")
    assert tickets.owner(ticket, "job") == "owner"
    assert tickets.owner(ticket, "other") is None
    assert tickets.owner(ticket.replace("owner", "other"), "job") is None
    assert Tickets().owner(ticket, "job") is None
    assert Tickets(-5).make("", "job")
    assert tickets.owner("", "job") is None
    old = Tickets(-5)
    assert old.owner(old.make("owner", "job"), "job") is None
    assert tickets.owner("\xff.a.b", "job") is None


def test_keys_that_are_changed_at_the_same_time_are_all_changed(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    for number in range(8):
        add_key(path, f"old{number}")
    with ThreadPoolExecutor(8) as pool:
        added = [pool.submit(add_key, path, f"new{number}") for number in range(8)]
        revoked = [pool.submit(revoke_key, path, f"old{number}") for number in range(8)]
    assert all(each.exception() is None for each in added)
    assert all(each.exception() is None for each in revoked)
    assert {key.name for key in read_keys(path)} == {f"new{number}" for number in range(8)}
