"""A run on Ray goes on where one of its machines is lost, and gives the local engine's file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "ray_nodes.py"


@pytest.mark.slow
def test_a_lost_machine_loses_nothing() -> None:
    pytest.importorskip("ray", reason="the extra ray is not installed")
    command = [sys.executable, str(SCRIPT), "--clips", "10", "--networks", "--replace"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "the file is the local engine's, to the byte: True" in done.stdout
