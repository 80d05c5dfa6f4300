"""No process, no file handle and no memory is left behind, however a reader ends."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import hostile
from genconvit.core.errors import SourceError
from genconvit.isolation.limits import IsolationLimits
from genconvit.isolation.reader import IsolatedReader
from genconvit.video.readers import Reader
from genconvit.video.reading import SourceOpened
from genconvit.video.sampling import parse_frames
from isolation.conftest import MakeReader
from processes import LONG_SECONDS, children, handles, is_running, needs_proc, shared_memories, wait_until
from signals import HEEDED

pytestmark = needs_proc

TESTS = Path(__file__).resolve().parents[1]

READ = """
import sys
sys.path.insert(0, {tests!r})
import hostile
from genconvit.isolation.limits import IsolationLimits
from genconvit.isolation.reader import IsolatedReader
from genconvit.video.sampling import parse_frames

with open({log!r}, "a") as log:
    log.write("ran\\n")
reader = IsolatedReader([hostile.{decoder}()], parse_frames(2), IsolationLimits(), 2)
reading = reader.start({path!r})
"""


def script(path: Path, decoder: str, then: str) -> tuple[str, Path]:
    log = path.with_name("log.txt")
    return READ.format(tests=str(TESTS), log=str(log), path=str(path), decoder=decoder) + then, log


def told(reader: Reader, path: Path) -> dict[str, object]:
    """Give what the process that reads a file says of itself."""
    with reader.start(path) as reading:
        opened = next(iter(reading))
    assert isinstance(opened, SourceOpened)
    answer: dict[str, object] = json.loads(opened.decoder)
    return answer


def test_fifty_files_leave_nothing_behind(make_reader: MakeReader, good: Path, bad: Path) -> None:
    gc.collect()  # or what earlier tests held would go meanwhile, and be counted before alone
    before = (children(), handles(), shared_memories())
    reader = make_reader(hostile.Exits(), workers=2)
    for number in range(50):
        with reader.start(bad if number % 8 == 7 else good) as reading:
            try:
                for _ in reading:
                    if number % 5 == 4:
                        break
            except SourceError:
                pass
        assert len(children()) <= len(before[0]) + 2
        assert shared_memories() <= before[2] + 2
    reader.close()
    assert (children(), handles(), shared_memories()) == before


def test_a_worker_holds_no_more_handles_from_file_to_file(make_reader: MakeReader, good: Path) -> None:
    reader = make_reader(hostile.Tells())
    first, *others = [told(reader, good) for _ in range(10)]
    assert all(other == first for other in others)


def test_a_worker_is_replaced_after_a_hundred_files(make_reader: MakeReader, good: Path) -> None:
    reader = make_reader(hostile.Tells())
    pids = [told(reader, good)["pid"] for _ in range(102)]
    assert len(set(pids[:100])) == 1
    assert pids[99] != pids[100] == pids[101]


def test_a_worker_that_died_in_between_is_replaced(make_reader: MakeReader, good: Path) -> None:
    reader = make_reader(hostile.Tells())
    pid = told(reader, good)["pid"]
    assert isinstance(pid, int)
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not is_running(pid))
    assert told(reader, good)["pid"] != pid


def test_a_worker_is_light_and_apart(make_reader: MakeReader, good: Path) -> None:
    worker = told(make_reader(hostile.Tells()), good)
    assert worker["heavy"] == []
    assert worker["main"] is None
    assert worker["argv"] == ["-c"]
    assert worker["stdin"] == ""


def test_the_built_in_decoders_load_nothing_heavy() -> None:
    code = (
        "import sys, genconvit.isolation.worker, genconvit.video.pyav, genconvit.video.decord, genconvit.video.images\n"
        "print(*sorted({'torch', 'pydantic', 'multiprocessing', 'asyncio'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_an_abandoned_reading_gives_its_place_back(make_reader: MakeReader, good: Path, bad: Path) -> None:
    reader = make_reader(hostile.Sleeps())
    for _ in range(2):
        reader.start(bad)
        gc.collect()
    for event in reader.start(good):
        assert event
        break
    gc.collect()
    with reader.start(good) as reading:
        assert len(list(reading)) == 5


def test_an_abandoned_reader_ends_its_workers(good: Path) -> None:
    before = (children(), handles(), shared_memories())
    reader = IsolatedReader([hostile.Sound()], parse_frames(2), IsolationLimits(), 2)
    with reader.start(good) as reading:
        assert len(list(reading)) == 3
    assert children() > before[0]
    del reader, reading
    gc.collect()
    assert (children(), handles(), shared_memories()) == before


@pytest.mark.parametrize("decoder", ["Sound", "Sleeps", "HoldsTheInterpreter"])
def test_a_killed_process_leaves_no_worker(bad: Path, decoder: str) -> None:
    then = "\nnext(iter(reading))" if decoder == "Sound" else "\nreading._worker.await_start()"
    code, _ = script(bad, decoder, then + "\nprint('ready', flush=True)\nsys.stdin.read()")
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        workers = children(process.pid)
        assert len(workers) == 1
        process.kill()
    assert wait_until(lambda: not any(map(is_running, workers)))


def test_a_worker_ends_although_a_fork_of_its_parent_lives_on(good: Path) -> None:
    then = "\nnext(iter(reading))\nimport os, time\nprint('ready', flush=True)\nif os.fork() == 0:\n    time.sleep(600)"
    code, _ = script(good, "Sound", then + "\ntime.sleep(600)")
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        assert wait_until(lambda: len(children(process.pid)) == 2)
        (worker,) = (pid for pid in children(process.pid) if os.getsid(pid) == pid)
        process.kill()
        try:
            assert wait_until(lambda: not is_running(worker))
        finally:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("how", ["end", "error", "close"])
def test_a_fork_that_ends_leaves_the_worker_to_its_parent(good: Path, how: str) -> None:
    ends = {"end": "", "error": "raise SystemExit", "close": "reading.close(); reader.close()"}
    then = f"""
worker = reading._worker._process.pid
next(iter(reading))
import os
child = os.fork()
if child == 0:
    {ends[how] or "pass"}
else:
    print(os.waitpid(child, 0)[1], len(list(reading)), reading._worker._process.poll())
    print(len(list(reader.start({str(good)!r}))), reading._worker._process.pid == worker)
    reader.close()
"""
    code, _ = script(good, "Sound", then)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("0 2 None\n3 True\n", "")


@pytest.mark.parametrize("how", ["end", "exit", "error", "close"])
def test_a_script_without_a_guard_runs_once_and_ends_cleanly(good: Path, how: str) -> None:
    ends = {"end": "", "exit": "sys.exit(0)", "error": "raise SystemExit", "close": "reading.close(); reader.close()"}
    code, log = script(good, "Slow", f"\nprint(len([next(iter(reading))]))\n{ends[how]}")
    path = good.with_name("script.py")
    path.write_text(code)
    command = [sys.executable, "-X", "dev", "-W", "error", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONG_SECONDS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")
    assert log.read_text() == "ran\n"


def test_code_from_standard_input_runs(good: Path) -> None:
    code, _ = script(good, "Sound", "\nprint(len(list(reading)))")
    done = subprocess.run([sys.executable, "-"], input=code, capture_output=True, text=True, timeout=LONG_SECONDS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")


def test_an_interrupt_of_the_whole_group_leaves_the_worker_to_its_parent(good: Path) -> None:
    then = "\ntry:\n    next(iter(reading))\n    print('ready', flush=True)\n    sys.stdin.read()\n"
    code, _ = script(good, "Sound", then + "except KeyboardInterrupt:\n    print(len(list(reading)))")
    code = HEEDED + code
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout.readline() == b"2\n"
        assert process.wait(LONG_SECONDS) == 0
