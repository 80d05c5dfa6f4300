from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "long_video.py"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc to see a process's memory")
def test_an_hour_takes_hardly_more_memory_than_ten_seconds(tmp_path: Path) -> None:
    target, picture = tmp_path / "curves.json", tmp_path / "curves.png"
    command: list[str | Path] = [sys.executable, SCRIPT, "--seconds", "3600", "--frames", "fps=2"]
    command += ["--json", target, "--plot", picture]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=3000)
    assert ran.returncode == 0, ran.stderr
    curves = json.loads(target.read_text(encoding="utf-8"))
    assert (curves["short"]["frames"], curves["long"]["frames"]) == (20, 7200)
    assert curves["long"]["faces"] > 7000
    assert curves["long"]["peak"] - curves["short"]["peak"] < 300
    assert picture.stat().st_size > 10_000
