from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from genconvit.cli import main


@dataclass(frozen=True)
class Run:
    """How a command ended, and what it printed."""

    status: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Run the program in this process."""

    def call(*arguments: object) -> Run:
        monkeypatch.setattr("sys.argv", ["genconvit", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Run(int(ended.value.code or 0), captured.out, captured.err)

    return call
