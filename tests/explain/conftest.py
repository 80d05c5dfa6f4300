from __future__ import annotations

import pytest

from genconvit.registry import ARCHITECTURES

from .spot import Spot


@pytest.fixture(autouse=True)
def _spot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make ``spot`` available to detectors."""
    monkeypatch.setitem(ARCHITECTURES._registered, "spot", Spot)
