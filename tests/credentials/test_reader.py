"""Files that the tests sign, and what is said of them once they are altered, cut, or were never signed."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from genconvit.core.errors import ConfigError
from genconvit.credentials import reader as module
from genconvit.credentials.reader import CredentialsReader, read_credentials, try_c2pa
from genconvit.isolation.limits import IsolationLimits
from genconvit.results.credential_limits import MAX_ACTIONS, MAX_TEXT
from genconvit.results.credentials import ABSENT, NOT_CHECKED, ClaimedAction, ClaimedIngredient, ClaimedSigner
from processes import children, handles, needs_proc
from signing import CREATED, GENERATED, Authority, Credential, make_file, sign
from support import cut_short, grey_frames, make_video

from .conftest import Read


@pytest.fixture
def signed(tmp_path: Path, signer: Credential) -> Path:
    return sign(make_file(tmp_path / "signed.jpg"), signer)


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".mp4", ".avi"])
def test_a_signed_file_is_intact_and_its_signer_is_not_checked(
    read: Read, tmp_path: Path, signer: Credential, suffix: str
) -> None:
    path = sign(make_file(tmp_path / f"a{suffix}"), signer, title="Sunset").rename(tmp_path / "without_suffix")
    found = read(path)
    assert (found.state, found.signer_trust, found.standing) == ("valid", "unchecked", NOT_CHECKED)
    assert (found.failed_checks, found.reason, found.remote_url, found.omitted) == ((), None, None, 0)
    assert "claimed, not proven: signed by Test Signer (Test Newspaper)" in found.lines()
    (manifest,) = found.manifests
    assert (manifest.title, manifest.tools) == ("Sunset", ("Camera App 1.2",))
    assert manifest.signer == ClaimedSigner(name="Test Signer", organisation="Test Newspaper")
    assert manifest.actions == (
        ClaimedAction(
            action="c2pa.created", tool="Dream Machine 3", source_type=GENERATED, when="2026-01-02T03:04:05Z"
        ),
        ClaimedAction(action="c2pa.edited"),
    )


def test_a_signer_is_on_the_list_that_a_user_gives_or_not(
    read: Read, signed: Path, trusted: Path, other: Path, tmp_path: Path
) -> None:
    by_list, by_other = read(signed, trusted), read(signed, other)
    assert (by_list.signer_trust, by_list.standing) == ("trusted", "intact, signer on the trust list")
    assert (by_other.signer_trust, by_other.standing) == ("untrusted", "intact, signer not on the trust list")
    assert by_list.trust_list is not None
    assert (by_list.trust_list.name, by_list.trust_list.certificates) == ("trusted.pem", 1)
    assert "signed by: Test Signer (Test Newspaper)" in by_list.lines()
    assert "claimed, not proven: signed by Test Signer (Test Newspaper)" in by_other.lines()
    both = tmp_path / "both.pem"
    both.write_bytes(other.read_bytes() + trusted.read_bytes())
    assert read(signed, both).signer_trust == "trusted"


@pytest.mark.parametrize(
    ("suffix", "check"), [(".jpg", "assertion.dataHash.mismatch"), (".mp4", "assertion.bmffHash.mismatch")]
)
def test_a_file_that_was_altered_names_the_check_that_failed(
    read: Read, tmp_path: Path, signer: Credential, trusted: Path, suffix: str, check: str
) -> None:
    path = sign(make_file(tmp_path / f"a{suffix}"), signer)
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)
    found = read(path, trusted)
    assert (found.state, found.signer_trust) == ("invalid", None)
    assert [each.code for each in found.failed_checks] == [check]
    assert found.standing == f"invalid ({check})"
    assert "claimed, not proven: signed by Test Signer (Test Newspaper)" in found.lines()


def test_a_claim_that_was_altered_is_invalid(read: Read, tmp_path: Path, signer: Credential) -> None:
    path = sign(make_file(tmp_path / "a.jpg"), signer)
    content = path.read_bytes()
    assert content.count(b"Dream Machine") == 1
    path.write_bytes(content.replace(b"Dream Machine", b"Human Painter"))
    found = read(path)
    assert (found.state, found.failed_checks[0].code) == ("invalid", "assertion.hashedURI.mismatch")


def test_ingredients_and_their_claims_are_listed_behind_the_newest(
    read: Read, tmp_path: Path, signer: Credential, trusted: Path
) -> None:
    part = sign(make_file(tmp_path / "part.jpg"), Authority("Unknown").signer("Generator Inc"), tool="Generator")
    path = make_file(tmp_path / "whole.jpg")
    sign(path, signer, tool="Editor", actions=[CREATED], ingredients={"part": part})
    found = read(path, trusted)
    assert (found.state, found.signer_trust) == ("valid", "trusted")
    newest, older = found.manifests
    assert newest.ingredients == (ClaimedIngredient(title="part", relationship="componentOf"),)
    assert (newest.tools, older.tools) == (("Editor 1.2",), ("Generator 1.2",))
    lines = list(found.lines())
    assert "signed by: Test Signer (Test Newspaper)" in lines
    assert "claimed, not proven: signed by Generator Inc" in lines, "the list vouches for the newest signer alone"


@pytest.mark.parametrize("suffix", [".jpg", ".mp4"])
def test_a_file_without_credentials_has_none(read: Read, tmp_path: Path, suffix: str) -> None:
    found = read(make_file(tmp_path / f"a{suffix}"))
    assert (found.state, found.standing, found.manifests) == ("absent", ABSENT, ())
    assert any("proves nothing" in line for line in found.lines())


def test_a_file_that_was_cut_short_is_not_intact(read: Read, tmp_path: Path, signer: Credential) -> None:
    picture = read(cut_short(sign(make_file(tmp_path / "a.jpg"), signer), 0.5))
    assert (picture.state, picture.error_code) == ("unreadable", "unreadable")
    assert (picture.reason or "").startswith("they cannot be parsed (")
    video = read(cut_short(sign(make_file(tmp_path / "a.mp4"), signer), 0.9))
    assert (video.state, video.manifests) == ("unreadable", ())


def test_what_is_no_file_or_of_no_such_format_says_so(read: Read, tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("a text by another name")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "noise.mp4").write_bytes(b"\0" + np.random.default_rng(1).bytes(9000))
    make_video(tmp_path / "a.mkv", grey_frames(3))
    for name in ("text.jpg", "noise.mp4", "a.mkv"):
        found = read(tmp_path / name)
        assert (found.state, found.error_code) == ("unreadable", "unsupported")
        assert "its format is not one that credentials are read from" in found.standing
    assert read(tmp_path / "empty.mp4").standing == "unreadable (the file is empty)"
    assert read(tmp_path / "missing.mp4").standing == "unreadable (no such file; check the path)"
    assert read(tmp_path).standing == "unreadable (the source is a folder, and only a file has credentials)"
    memory = read(np.zeros((1, 8, 8, 3), np.uint8))
    assert memory.standing == "unreadable (the source is frames in memory, and only a file has credentials)"


def test_damaged_credentials_are_never_an_exception_and_never_intact(read: Read, signed: Path, tmp_path: Path) -> None:
    content = signed.read_bytes()
    first, last = content.index(b"jumb"), content.rindex(b"c2pa.signature")
    states = set()
    for seed in range(4):
        dice, damaged = np.random.default_rng(seed), bytearray(content)
        for _ in range(40):
            damaged[dice.integers(first, last)] = dice.integers(256)
        path = tmp_path / "damaged.jpg"
        path.write_bytes(damaged)
        states.add(read(path).state)
    assert states <= {"invalid", "unreadable"}


def test_hostile_names_are_kept_as_data_and_shown_escaped(read: Read, tmp_path: Path, authority: Authority) -> None:
    hostile = "<script>alert(1)</script>\u202egpj\nsigned by: Root \x1b[32m"
    signer = authority.signer("Good \u202eliar\n", "\u2066org")
    actions = [{**CREATED, "when": hostile}]
    path = sign(make_file(tmp_path / "a.jpg"), signer, tool=hostile, title=hostile, actions=actions)
    found = read(path)
    (manifest,) = found.manifests
    assert (manifest.title, manifest.tools) == (hostile, (f"{hostile} 1.2",))
    assert manifest.signer == ClaimedSigner(name="Good \u202eliar\n", organisation="\u2066org")
    lines = list(found.lines())
    assert all(line.isprintable() for line in lines)
    assert "claimed, not proven: signed by Good \\u202eliar\\n (\\u2066org)" in lines
    assert not [line for line in lines if line.startswith("signed by")]
    assert found == type(found).model_validate_json(found.model_dump_json())


def test_what_is_too_long_is_cut_and_what_is_too_much_is_counted(
    read: Read, tmp_path: Path, signer: Credential
) -> None:
    actions = [{"action": "c2pa.edited", "softwareAgent": {"name": str(number)}} for number in range(100)]
    path = sign(make_file(tmp_path / "a.jpg"), signer, title="x" * 5000, actions=actions)
    found = read(path)
    (manifest,) = found.manifests
    assert manifest.title == "x" * (MAX_TEXT - 1) + "…"
    assert (len(manifest.actions), found.omitted) == (MAX_ACTIONS, 100 - MAX_ACTIONS)
    assert "not listed: 68 more" in found.lines()


@contextmanager
def counting_server() -> Iterator[tuple[str, list[object]]]:
    """An address here, and what connected to it."""
    connected: list[object] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def accept() -> None:
            try:
                while True:
                    connection, _ = server.accept()
                    connected.append(connection.recv(100))
                    connection.close()
            except OSError:
                pass  # the server is closed

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/a.c2pa", connected
        server.shutdown(socket.SHUT_RDWR)
    thread.join(60)


def test_credentials_that_lie_elsewhere_are_named_and_not_fetched(
    read: Read, tmp_path: Path, signer: Credential
) -> None:
    with counting_server() as (url, connected):
        path = sign(make_file(tmp_path / "a.jpg"), signer, remote_url=url, embedded=False)
        found = read(path)
        both = read(sign(make_file(tmp_path / "b.jpg"), signer, remote_url=url))
        assert connected == []
        with socket.create_connection(("127.0.0.1", int(url.split(":")[2].split("/")[0]))) as own:
            own.sendall(b"own")
            own.recv(1)
    assert connected == [b"own"], "the server would have seen a request"
    assert (found.state, found.error_code, found.remote_url) == ("unreadable", "remote", url)
    assert any(url in line and "not fetched" in line for line in found.lines())
    assert both.state == "valid"


@needs_proc
def test_c2pa_is_never_loaded_from_the_current_folder(tmp_path: Path) -> None:
    spec = find_spec("c2pa")
    assert spec is not None
    assert spec.origin is not None
    own = Path(spec.origin).parent / "libs" / "libc2pa_c.so"
    (tmp_path / "libc2pa_c.so").write_bytes(own.read_bytes())
    mapped = "print('%s' in open('/proc/self/maps').read())" % tmp_path  # noqa: UP031
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}

    def loads_it(code: str) -> str:
        command = [sys.executable, "-c", f"{code}; {mapped}"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert loads_it("import c2pa") == "True", "c2pa looks there first"
    assert loads_it("from genconvit.credentials.worker import _load_c2pa; _load_c2pa()") == "False"


@needs_proc
def test_nothing_is_left_behind(read: Read, signed: Path, tmp_path: Path, trusted: Path) -> None:
    before = (children(), handles())
    for path in (signed, tmp_path / "missing", tmp_path):
        read(path, trusted)
    try_c2pa()
    assert (children(), handles()) == before


def test_it_is_read_by_one_call(signed: Path, trusted: Path) -> None:
    found = read_credentials(signed, trusted)
    assert found.signer_trust == "trusted"
    assert re.fullmatch(r"c2pa-python \d+\.\d+\.\d+", found.read_by or "")
    with pytest.raises(ConfigError, match="time_limit_seconds"):
        read_credentials(signed, time_limit_seconds=-1)


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"c2pa-python, which is not installed; pip install 'genconvit\[c2pa\]'"):
        CredentialsReader(None, IsolationLimits())
    with pytest.raises(ModuleNotFoundError):
        try_c2pa()


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_credentials_of_50_mb_are_read_or_refused_by_the_limit(
    read: Read, tmp_path: Path, signer: Credential, suffix: str
) -> None:
    thumbnail = np.random.default_rng(2).bytes(50_000_000)
    path = sign(make_file(tmp_path / f"a{suffix}"), signer, thumbnail=thumbnail)
    assert path.stat().st_size > 50_000_000
    assert read(path).standing == NOT_CHECKED
    for limit in (64, 128, 256):
        found = read(path, memory_limit_mb=limit)
        assert found.state == "unreadable"
        assert f"{limit} MB" in (found.reason or "")
