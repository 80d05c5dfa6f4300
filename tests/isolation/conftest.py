"""Fixtures that the tests of reading in worker processes share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from genconvit.isolation.limits import IsolationLimits
from genconvit.isolation.reader import IsolatedReader
from genconvit.video.base import VideoDecoder
from genconvit.video.sampling import parse_frames

MakeReader = Callable[..., IsolatedReader]


@pytest.fixture
def make_reader() -> Iterator[MakeReader]:
    """Makes readers, and closes them."""
    with ExitStack() as opened:

        def make(*decoders: VideoDecoder, frames: int | str = 15, workers: int = 1, **limits: Any) -> IsolatedReader:
            reader = IsolatedReader(decoders, parse_frames(frames), IsolationLimits(**limits), workers)
            return opened.enter_context(closing(reader))

        yield make


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A file that no hostile decoder takes badly."""
    path = tmp_path / "good.bin"
    path.write_bytes(b"good")
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A file that hostile decoders take badly."""
    path = tmp_path / "bad.bin"
    path.write_bytes(b"bad")
    return path
