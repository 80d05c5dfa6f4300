from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.mark.slow
def test_the_networks_benchmark_compares_with_its_floor(tmp_path: Path) -> None:
    target = tmp_path / "networks.json"
    script = str(BENCHMARKS / "networks.py")
    command = [sys.executable, script, "--faces", "1", "--repeats", "1", "--json", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    rows = json.loads(target.read_text(encoding="utf-8"))["rows"]
    assert [row["precision"] for row in rows] == ["fp32", "bf16"]
    assert all(row["ratio"] > 0.5 for row in rows)
