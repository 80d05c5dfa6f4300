"""What the tests share: where the real clips lie, and files that the tests make."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("GENCONVIT_SHARED", Path(__file__).resolve().parents[2] / "shared"))
"""Real clips, faces, models and reference outputs, which are not part of the project."""


def shared(*parts: str) -> Path:
    """A path below the shared folder; skips the test where it is absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs {'/'.join(parts)} of the shared folder, which is not at {SHARED}")
    return path
