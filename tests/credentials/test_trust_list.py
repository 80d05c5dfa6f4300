"""Trust lists that can be read, and those that cannot."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from genconvit.core.errors import ConfigError
from genconvit.credentials.trust_list import MAX_BYTES, read_trust_list
from signing import Authority


def test_a_list_is_its_certificates_each_once(tmp_path: Path, authority: Authority) -> None:
    path = tmp_path / "list.pem"
    content = f"Root é\n{authority.pem}\r\nagain:\n{authority.pem}".encode()
    path.write_bytes(content)
    found = read_trust_list(path)
    assert found.certificates == (authority.pem.strip(),)
    assert (found.info.name, found.info.certificates) == ("list.pem", 1)
    assert found.info.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "holds no certificate in PEM, or a part of one"),
        ("a text", "holds no certificate in PEM, or a part of one"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n", "holds no certificate in PEM, or a part of one"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "certificate 1 of the trust list .* none",
        ),
        ("x" * (MAX_BYTES + 1), f"has more than {MAX_BYTES} bytes"),
    ],
)
def test_what_is_no_list_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "list.pem"
    path.write_text(content)
    with pytest.raises(ConfigError, match=reason):
        read_trust_list(path)


def test_a_list_that_is_cut_short_is_refused(tmp_path: Path, authority: Authority) -> None:
    path = tmp_path / "list.pem"
    path.write_text(authority.pem + authority.pem[:-40])
    with pytest.raises(ConfigError, match="or a part of one"):
        read_trust_list(path)


def test_a_path_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.pem", tmp_path, "a\0b"):
        with pytest.raises(ConfigError, match="cannot be read"):
            read_trust_list(path)
