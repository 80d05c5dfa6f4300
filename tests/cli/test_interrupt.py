"""A signal in the middle of each command, in a process of its own: what is finished is kept, and nothing is left."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from genconvit import VideoResult
from processes import children, is_running, needs_proc
from scored import columns, many, write_json
from signals import HEEDED, STOPPING
from stubs import register_stubs, trained_grey
from train.small import make_crops

pytestmark = [needs_proc, pytest.mark.slow]

TESTS = Path(__file__).resolve().parents[1]
OPTIONS = ("--weights", "random", "--mode", "ed", "--frames", "2", "--device", "cpu", "--face-detector", "mtcnn")
STUBS = ("--face-detector", "whole_frame", "--frames", "2", "--device", "cpu")
GREY = ("--arch", "grey", *STUBS)
QUICK = ("--arch", "small", "--init", "random", "--device", "cpu", "--workers", "1", "--no-tensorboard")


def partial_lines(folder: Path) -> int:
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in folder.glob(".genconvit-*.partial"))


def wait_for(reached: Callable[[], bool], running: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 300
    while not reached():
        assert running.poll() is None, running.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.05)


def assert_gone(workers: set[int]) -> None:
    deadline = time.monotonic() + 10
    while any(map(is_running, workers)):
        assert time.monotonic() < deadline, "a worker outlived the program"
        time.sleep(0.05)


@contextmanager
def slowly(mark: Path, *command: object, ignoring_hangups: bool = False) -> Iterator[subprocess.Popen[str]]:
    """A command that waits in its middle, once that is reached."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path]), "OMP_NUM_THREADS": "1"}
    first = ["nohup"] if ignoring_hangups else []
    arguments = [*first, sys.executable, str(TESTS / "cli" / "slowly.py"), str(mark), *map(str, command)]
    with subprocess.Popen(
        [*arguments, *(["--nohup"] if ignoring_hangups else [])],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        try:
            wait_for(mark.exists, running)
            yield running
        finally:
            running.kill()


def stopped(mark: Path, number: int, *command: object) -> None:
    with slowly(mark, *command) as running:
        workers = children(running.pid)
        running.send_signal(number)
        said = running.communicate(timeout=120)[1]
    how = "interrupted" if number == signal.SIGINT else f"interrupted by {signal.Signals(number).name}"
    assert (running.returncode, said.splitlines()[-1]) == (128 + number, how), said
    assert "Traceback" not in said
    assert_gone(workers)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    register_stubs(monkeypatch)
    return trained_grey(tmp_path / "grey.safetensors")


@pytest.mark.parametrize("number", STOPPING, ids=lambda number: number.name)
@pytest.mark.parametrize("command", ["predict", "evaluate", "compare", "robustness", "extract"])
def test_a_command_on_videos_ends_alike(
    tmp_path: Path, clips: Path, weights: Path, command: str, number: signal.Signals
) -> None:
    out, output = tmp_path / "out", tmp_path / "out.json"
    given = {
        "predict": (clips, *GREY, "--weights", weights, "--isolate", "--output", output),
        "evaluate": (clips, "--dataset", "folder", *GREY, "--weights", weights, "--out", out, "--output", output),
        "compare": (clips, "--dataset", "folder", "--variant", f"grey:weights={weights}", *STUBS, "--out", out),
        "robustness": (clips, *GREY, "--weights", weights, "--degrade", "jpeg", "--output", output),
        "extract": ("folder", clips, "--out", out, *STUBS),
    }[command]
    stopped(tmp_path / "mark", number, command, *given)
    if command == "predict":
        assert len(json.loads(output.read_text(encoding="utf-8"))) == 2
    elif command == "extract":
        assert len((out / "extract.jsonl").read_text(encoding="utf-8").splitlines()) == 3
    elif command in ("evaluate", "compare"):
        (kept,) = out.glob("prediction_*.jsonl")
        assert len(kept.read_text(encoding="utf-8").splitlines()) == 2
    assert command == "predict" or not output.exists()
    assert [path.name for path in tmp_path.rglob(".*")] == []


@pytest.mark.parametrize("number", STOPPING, ids=lambda number: number.name)
@pytest.mark.parametrize("command", ["train", "calibrate", "bench"])
def test_a_command_on_other_files_ends_alike(
    tmp_path: Path, clips: Path, weights: Path, command: str, number: signal.Signals
) -> None:
    output = tmp_path / "out.json"
    output.write_text("before", encoding="utf-8")
    rows = [(row.name, row.score or 0.0, str(row.truth)) for row in many(20)]
    results = write_json(tmp_path / "results.json", {"video": columns(rows)})
    crops, out = make_crops(tmp_path / "crops"), tmp_path / "out"
    steps = ("--steps", 4, "--batch-size", 4, "--checkpoint-steps", 1)
    bench = (clips / "fake" / "a.mp4", "--arch", "grey", "--weights", weights, "--frames", 2, "--repeats", 1)
    given = {
        "train": ("--data", crops, "--out", out, *QUICK, *steps),
        "calibrate": ("--results", results, "--output", output),
        "bench": (*bench, "--face-detector", "whole_frame", "--device", "cpu", "--json", output),
    }[command]
    stopped(tmp_path / "mark", number, command, *given)
    assert output.read_text(encoding="utf-8") == "before"
    if command == "train":
        assert json.loads((out / "state" / "state.json").read_text(encoding="utf-8"))["step"] == 2
    assert [path.name for path in tmp_path.rglob(".*")] == []


def test_a_hangup_that_is_ignored_at_the_start_stays_ignored(tmp_path: Path, clips: Path, weights: Path) -> None:
    output = tmp_path / "out.jsonl"
    command = ("predict", clips, *GREY, "--weights", weights, "--output", output)
    with slowly(tmp_path / "mark", *command, ignoring_hangups=True) as running:
        running.send_signal(signal.SIGHUP)
        time.sleep(1)
        assert running.poll() is None
        running.send_signal(signal.SIGTERM)
        assert running.wait(120) == 128 + signal.SIGTERM
    assert len(output.read_text(encoding="utf-8").splitlines()) == 2


def test_a_terminal_that_closes_leaves_what_was_finished(tmp_path: Path, clips: Path, weights: Path) -> None:
    output = tmp_path / "out.json"
    command = ("predict", clips, *GREY, "--weights", weights, "--isolate", "--output", output)
    environment = {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path]), "OMP_NUM_THREADS": "1"}
    arguments = [sys.executable, str(TESTS / "cli" / "slowly.py"), str(tmp_path / "mark"), *map(str, command)]
    pid, terminal = pty.fork()
    if not pid:
        os.execve(sys.executable, arguments, {**os.environ, **environment})  # noqa: S606
    deadline = time.monotonic() + 300
    while not (tmp_path / "mark").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    workers = children(pid)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 128 + signal.SIGHUP
    assert len(json.loads(output.read_text(encoding="utf-8"))) == 2
    assert_gone(workers)


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
    script = f"{HEEDED}\nfrom genconvit.cli import main\nmain()"
    command = [sys.executable, "-c", script, "predict", str(videos), *OPTIONS, "--output", str(output)]
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
    assert_gone(workers)
