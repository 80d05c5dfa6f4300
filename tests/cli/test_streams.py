from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import FakeDetector, Run


def test_a_closed_stdout_is_refused_before_anything_is_scored(
    run: Callable[..., Run], fake: FakeDetector, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.stdout", None)
    ended = run("predict", "clip.mp4")
    assert ended.status == 2
    assert "stdout is closed; give --output FILE" in ended.err
    assert fake.configs == []
    assert run("predict", "clip.mp4", "--output", tmp_path / "out.json").status == 0


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
@pytest.mark.usefixtures("fake")
def test_a_reader_that_went_away_ends_it_quietly(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", io.TextIOWrapper(os.fdopen(writing, "wb")))
        ended = run("predict", "clip.mp4", "--format", form)
        sys.stdout.close()
    assert ended.status in (1, 141)
    assert ended.err == ""


@pytest.mark.parametrize("arguments", [("--version",), ("--help",), ("plugins",), ("weights", "show")], ids=str)
def test_a_closed_pipe_ends_any_command_quietly(arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "genconvit", *arguments], stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    assert done.returncode in (1, 141)
    assert done.stderr == ""


def test_a_full_disk_is_one_message() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "genconvit", "plugins"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert done.stderr == "error: stdout cannot be written: No space left on device\n"


def test_an_interrupt_is_one_line(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("genconvit.registry.Registry.plugins", interrupted)
    ended = run("plugins")
    assert (ended.status, ended.err) == (130, "interrupted\n")


def test_plugins_in_a_pipe_do_not_fold(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    assert "genconvit.face_detectors" in run("plugins").out
