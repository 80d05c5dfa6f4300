"""How long and how much memory a worker may take for a file."""

from __future__ import annotations

from pydantic import Field

from genconvit.config import FrozenConfig


class IsolationLimits(FrozenConfig):
    """What a worker may take for one file.

    Attributes:
        time_limit_seconds: how long a file may keep its decoder busy until its first 15 frames are there, and for each
            further 15.
        memory_limit_mb: how much memory a worker may use beyond what it needs for itself.
    """

    time_limit_seconds: float = Field(default=120.0, gt=0, le=86400)
    memory_limit_mb: int = Field(default=2048, ge=64)
