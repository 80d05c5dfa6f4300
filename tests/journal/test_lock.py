from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from genconvit.core.errors import ConfigError
from genconvit.journal.lock import RunLock

HOLDS = """
import sys, time
from pathlib import Path
from genconvit.journal.lock import RunLock
lock = RunLock(Path(sys.argv[1]), Path("results.jsonl"))
print("held", flush=True)
time.sleep(600)
"""


def test_a_lock_names_its_process_and_ends_with_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLDS, str(path)], stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "held\n"
            with pytest.raises(ConfigError, match=rf"'results\.jsonl': process {other.pid} on '.+', since '20"):
                RunLock(path, Path("results.jsonl"))
        finally:
            other.send_signal(signal.SIGKILL)
        other.wait()
    assert json.loads(path.read_text(encoding="utf-8"))["pid"] == other.pid
    with RunLock(path, Path("results.jsonl")):
        assert json.loads(path.read_text(encoding="utf-8"))["pid"] == os.getpid()


def test_a_holder_that_has_not_said_who_it_is_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with RunLock(path, Path("results.jsonl")):
        path.write_text("{", encoding="utf-8")
        with pytest.raises(ConfigError, match="its process has not said which one it is"):
            RunLock(path, Path("results.jsonl"))
