"""The weights that ship with the library, beside this file."""

from __future__ import annotations

from pathlib import Path

from genconvit.errors import WeightsError


def embedded_path(name: str) -> Path:
    """Where the shipped weights of a name lie.

    Raises:
        WeightsError: they do not; the installation is incomplete.
    """
    path = Path(__file__).with_name(f"{name}.safetensors")
    if not path.is_file():
        raise WeightsError(f"{path.name} is not in this installation of genconvit, which ships it; install it again")
    return path
