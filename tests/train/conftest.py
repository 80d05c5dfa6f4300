from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from genconvit.registry import ARCHITECTURES

from .small import Small


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make ``small`` available for one test, in one thread: it is too small for two."""
    monkeypatch.setitem(ARCHITECTURES._registered, "small", Small)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def no_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw nothing at the end, which takes longer than such a training."""
    monkeypatch.setattr("genconvit.train.fit.write_curves", lambda *_: ())
