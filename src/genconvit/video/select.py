"""Which decoders a name stands for on this machine."""

from __future__ import annotations

import importlib.util


def resolve_decoders(name: str) -> tuple[str, ...]:
    """The registered names of the decoders to try in turn.

    ``"auto"`` is decord where its wheel exists, and PyAV elsewhere and for what decord cannot open. Any other name
    stands for itself alone.
    """
    if name != "auto":
        return (name,)
    return ("decord", "pyav") if importlib.util.find_spec("decord") else ("pyav",)
