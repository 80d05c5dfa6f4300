"""The commands, each of which is imported and built when it is asked for."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import typer
from typer.core import TyperCommand

from genconvit.cli.examples import EXAMPLES
from genconvit.cli.model_flags import CompareCommand, DetectorCommand, TrainCommand

_NAMES = (
    "predict",
    "annotate",
    "report",
    "evaluate",
    "compare",
    "calibrate",
    "robustness",
    "train",
    "extract",
    "export",
    "credentials",
    "plugins",
    "weights",
    "datasets",
    "keys",
    "serve",
    "submit",
    "demo",
    "doctor",
    "bench",
    "schema",
)
"""Commands in the order of the help: each a function or a group of that name, in the file of that name beside this."""

_CLASSES: dict[str, type[TyperCommand]] = {
    "predict": DetectorCommand,
    "annotate": DetectorCommand,
    "report": DetectorCommand,
    "evaluate": DetectorCommand,
    "compare": CompareCommand,
    "robustness": DetectorCommand,
    "train": TrainCommand,
    "export": DetectorCommand,
    "bench": DetectorCommand,
    "serve": DetectorCommand,
}
"""Commands that have the flags of an architecture's own."""


class Commands(Mapping[str, Any]):
    """The commands by name, in the order of the help."""

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - typer's own type is private
        if name not in _NAMES:
            raise KeyError(name)
        return _built(name)

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


@cache
def _built(name: str) -> Any:  # noqa: ANN401 - as above
    """Import a command and have typer build it."""
    command = getattr(importlib.import_module(f"genconvit.cli.{name}"), name)
    program = typer.Typer()
    if isinstance(command, typer.Typer):
        program.add_typer(command, name=name)
    else:
        _add(program, name, command)
    return typer.main.get_group(program).commands[name]


def _add(program: typer.Typer, name: str, command: Callable[..., None]) -> None:
    """Register a command with prose that wraps, and with examples below its flags."""
    text = inspect.getdoc(command) or ""
    prose = "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
    examples = "\n\n".join(("Examples:", *(f"  {line}" for line in EXAMPLES[name])))
    program.command(name, cls=_CLASSES.get(name, TyperCommand), help=prose, epilog=examples)(command)
