"""A stand-in until the real one lands."""

from __future__ import annotations

from typing import Any

from genconvit.video.readers import ThreadReader


class IsolatedReader(ThreadReader):
    def __init__(self, decoders: Any, choice: Any, limits: Any, workers: int) -> None:
        super().__init__(decoders, choice)


def why_not_isolated(decoders: Any) -> str | None:
    return None
