"""Decoders that a name stands for."""

from __future__ import annotations


def resolve_decoders(name: str) -> tuple[str, ...]:
    """The registered names of the decoders to try in turn.

    ``"auto"`` is PyAV alone: it reads all that the others read. Any other name stands for itself alone.
    """
    return ("pyav",) if name == "auto" else (name,)
