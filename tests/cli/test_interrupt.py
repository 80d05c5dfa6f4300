"""Ctrl-C in the middle of a folder: what was finished is kept, and nothing is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from genconvit import VideoResult
from processes import children, is_running, needs_proc

pytestmark = needs_proc

COMMAND = (sys.executable, "-m", "genconvit", "predict")
OPTIONS = ("--weights", "random", "--mode", "ed", "--frames", "2", "--device", "cpu", "--face-detector", "mtcnn")


def partial_lines(folder: Path) -> int:
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in folder.glob(".genconvit-*.partial"))


def wait_for(reached: Callable[[], bool], running: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not reached():
        assert running.poll() is None, running.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    "to_group",
    [pytest.param(False, id="the process"), pytest.param(True, id="its whole group")],
)
def test_what_was_finished_is_kept_and_nothing_is_left(tmp_path: Path, portrait_clip: Path, to_group: bool) -> None:
    videos, output = tmp_path / "videos", tmp_path / "out" / "results.jsonl"
    videos.mkdir()
    output.parent.mkdir()
    for number in range(300):
        shutil.copy(portrait_clip, videos / f"{number:03d}.mp4")
    command = [*COMMAND, str(videos), *OPTIONS, "--output", str(output)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as running:
        wait_for(lambda: partial_lines(output.parent) >= 2, running)
        workers = children(running.pid)
        assert workers
        if to_group:
            os.killpg(running.pid, signal.SIGINT)
        else:
            running.send_signal(signal.SIGINT)
        said = running.communicate(timeout=60)[1]
    assert (running.returncode, said) == (130, "interrupted\n")
    results = [VideoResult.model_validate_json(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert 2 <= len(results) < 300
    assert [Path(result.source).name for result in results] == [f"{number:03d}.mp4" for number in range(len(results))]
    assert all(result.status == "ok" for result in results)
    assert [path.name for path in output.parent.iterdir()] == ["results.jsonl"]
    deadline = time.monotonic() + 10
    while any(map(is_running, workers)):
        assert time.monotonic() < deadline, "a worker outlived the program"
        time.sleep(0.05)
