from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from genconvit.inputs.fetch import RemoteFiles
from genconvit.inputs.options import RemoteOptions

from .remote_server import Site, site

Remote = Callable[..., RemoteFiles]


@pytest.fixture
def web() -> Iterator[Site]:
    """A web server of the test's own."""
    with site() as made:
        yield made


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Remote]:
    """Make what fetches files, by options, from this machine too and without long waits."""
    with ExitStack() as stack:

        def made(**options: Any) -> RemoteFiles:
            usual = {"allow_hosts": ("127.0.0.1",), "cache": str(tmp_path / "cache"), "backoff_seconds": 0.01}
            return stack.enter_context(RemoteFiles(RemoteOptions(**{**usual, **options})))

        yield made
