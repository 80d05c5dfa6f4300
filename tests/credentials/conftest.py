"""Authorities, signers and trust lists that the tests of Content Credentials share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from genconvit.credentials.reader import CredentialsReader
from genconvit.isolation.limits import IsolationLimits
from genconvit.results.credentials import ContentCredentials
from genconvit.video.names import Source
from signing import Authority, Credential


class Read(Protocol):
    """Reads a source's credentials, with a trust list or without, and with limits."""

    def __call__(self, source: Source, trust_list: Path | None = None, **limits: Any) -> ContentCredentials: ...


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority("Test Authority")


@pytest.fixture(scope="session")
def signer(authority: Authority) -> Credential:
    return authority.signer("Test Signer", "Test Newspaper")


@pytest.fixture
def trusted(tmp_path: Path, authority: Authority) -> Path:
    """A trust list that holds the signer's authority, and words around it."""
    path = tmp_path / "trusted.pem"
    path.write_text(f"# the authorities of é\n{authority.pem}# the end\n", encoding="utf-8")
    return path


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A trust list of another authority, of the same name."""
    path = tmp_path / "other.pem"
    path.write_text(Authority("Test Authority").pem)
    return path


@pytest.fixture
def read() -> Iterator[Read]:
    with ExitStack() as opened:

        def call(source: Source, trust_list: Path | None = None, **limits: Any) -> ContentCredentials:
            reader = CredentialsReader(trust_list, IsolationLimits(**limits))
            return opened.enter_context(reader).read(source)

        yield call
