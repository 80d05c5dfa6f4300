"""A run on Ray goes on where one of its machines is lost, and gives the local engine's file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_lost_machine_loses_nothing() -> None:
    pytest.importorskip("ray", reason="the extra ray is not installed")
    command = [sys.executable, "-m", "benchmarks.ray_nodes", "--clips", "10", "--networks", "--replace"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "the file is the local engine's, to the byte: True" in done.stdout
