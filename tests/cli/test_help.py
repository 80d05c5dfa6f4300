"""Help has flags under titles, prose that wraps, and examples that are right."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from genconvit.cli.app import app
from genconvit.cli.examples import EXAMPLES

from .conftest import Run

PROGRAM = typer.main.get_command(app)
assert isinstance(PROGRAM, TyperGroup)
COMMANDS = {name: command for name, command in PROGRAM.commands.items() if not isinstance(command, TyperGroup)}


def test_every_command_has_three_examples() -> None:
    assert COMMANDS.keys() == EXAMPLES.keys()
    assert all(len(set(lines)) == 3 for lines in EXAMPLES.values())


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line in lines])
def test_an_example_is_a_command_that_is_understood(line: str) -> None:
    program, *words = shlex.split(line)
    assert program == "genconvit"
    command: Any = PROGRAM
    while isinstance(command, TyperGroup):
        command = command.commands[words.pop(0)]
    given = [word for word in words if not word.startswith("-")]
    with command.make_context(command.name, words) as context:  # a word that it does not know is an error
        assert bool(given) <= bool(context.params)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_ends_with_the_examples(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    lines = [line.strip() for line in run(name, "--help").out.splitlines() if line.strip()]
    assert lines[-4:] == ["Examples:", *EXAMPLES[name]]


def test_flags_stand_under_titles(run: Callable[..., Run]) -> None:
    shown = run("predict", "--help").out
    titles = [line.strip("╭─╮ ") for line in shown.splitlines() if line.startswith("╭")]
    first = ["Arguments", "Options", "Sources", "Model", "Frames and faces", "Verdict", "Machine", "Limits"]
    assert titles == [*first, "Output", "Long runs", "Many machines"]
    assert shown.index("Machine ─") < shown.index("--device") < shown.index("Limits ─") < shown.index("--workers")
    training = run("train", "--help").out
    assert training.index("Losses ─") < training.index("--kl-weight") < training.index("Validation ─")


def test_prose_is_wrapped_where_the_terminal_ends(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    (line,) = [line for line in run("predict", "--help").out.splitlines() if "Exit status" in line]
    assert "2 for a wrong option, 1 when" in line


def test_a_shell_completes_commands() -> None:
    environment = {"_GENCONVIT_COMPLETE": "complete_bash", "COMP_WORDS": "genconvit pre", "COMP_CWORD": "1"}
    code = "import os, sys; sys.argv = ['genconvit']; from genconvit.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", f"import os; os.environ.update({environment!r}); {code}"],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.stdout.split() == ["predict"], done.stderr
