"""Commands of the README that a newcomer types are understood, and do what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from genconvit.cli import main
from genconvit.cli.app import app
from genconvit.data.sample import write_clip

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
INLINE = re.findall(r"`(genconvit\s[^`]+)`", README)
BLOCKS = [
    line.split("#")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
]
COMMANDS = sorted({" ".join(command.split()) for command in [*INLINE, *BLOCKS] if command})


@pytest.fixture
def clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clip with the name that the README gives it, in the current folder."""
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "clip.mp4")
    return tmp_path / "clip.mp4"


def test_it_tells_what_to_type() -> None:
    assert {"make demo", "make test", "genconvit predict clip.mp4"} <= set(COMMANDS)


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("genconvit")])
def test_its_commands_are_understood(line: str) -> None:
    words = shlex.split(line)[1:]
    command: Any = typer.main.get_command(app)
    while isinstance(command, TyperGroup):
        command = command.commands[words.pop(0)]
    command.make_context(command.name, words or ["--help"], resilient_parsing=not words).close()


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("make")])
def test_its_targets_are_in_the_makefile(line: str) -> None:
    _, target = line.split()
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.usefixtures("clip")
def test_its_command_without_a_network_scores_a_clip(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = "genconvit predict clip.mp4 --weights embedded"
    assert line in COMMANDS
    monkeypatch.setattr("sys.argv", shlex.split(line))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert "clip.mp4" in capsys.readouterr().out


@pytest.mark.usefixtures("clip")
def test_its_example_runs_with_the_weights_that_ship(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    published, shipped = 'Detector("original")', 'Detector(weights="embedded")'
    assert published in example
    assert f"`{shipped}`" in README
    exec(example.replace(published, shipped), {})  # noqa: S102 - the README's own
    first, probability, *faces = capsys.readouterr().out.splitlines()
    assert first.startswith("clip.mp4: ")
    assert 0 < float(probability) < 1
    assert len(faces) == 15
