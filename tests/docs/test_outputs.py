"""What the start and the home page quote of the program is what it prints."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.slow
def test_the_pages_quote_the_program(tmp_path: Path) -> None:
    start, home = (DOCS / name for name in ("start.md", "index.md"))
    demo, predict, report = (
        command
        for command in re.findall(r"^(genconvit .*)$", start.read_text(encoding="utf-8"), re.MULTILINE)
        if "demo" in command or "embedded" in command
    )
    printed = run(demo, tmp_path)
    assert [without_numbers(each) for each in quotes(start)[:-2]] == printed
    assert [without_numbers(each) for each in quotes(home)] == printed[2:3]
    assert [without_numbers(each) for each in quotes(start)[-2:]] == run(predict, tmp_path)[-2:]
    run(report, tmp_path)
    assert "clip.mp4" in (tmp_path / "report.html").read_text(encoding="utf-8")


def run(command: str, folder: Path) -> list[str]:
    """Run a command of the program in a folder, and give the lines that it prints."""
    words = [sys.executable, "-m", *shlex.split(command)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, cwd=folder)
    assert done.returncode == 0, done.stderr
    return [without_numbers(line) for line in done.stdout.splitlines()]


def quotes(page: Path) -> list[str]:
    """The quoted paragraphs of a page, a line each."""
    paragraphs: list[str] = re.findall(r"(?:^> .*\n)+", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [" ".join(line.removeprefix("> ") for line in each.splitlines()) for each in paragraphs]


def without_numbers(text: str) -> str:
    """Leave out fractions, whose last digit differs from machine to machine, and the version of ONNX Runtime."""
    return re.sub(r"\d\.\d{3,}|(?<=onnxruntime )[\d.]+", "#", text.strip())
