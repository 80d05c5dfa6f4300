"""Questions of the tests about processes; on Linux."""

from __future__ import annotations

import os
import select
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs the /proc of Linux")


def children(pid: int | None = None) -> set[int]:
    """The processes that a process started and that have not ended, this process by default."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            state, parent = _state_and_parent(int(entry.name))
            if parent == (pid or os.getpid()) and state != "Z":
                found.add(int(entry.name))
    return found


def is_running(pid: int) -> bool:
    """Tell whether a process has not ended, in all its threads: its first one may be over while others still end."""
    if _state_and_parent(pid)[0] not in ("", "Z", "X"):
        return True
    try:
        return len(list(Path("/proc", str(pid), "task").iterdir())) > 1
    except OSError:
        return False


def handles() -> int:
    """Count the files that this process has open, the one for this look among them."""
    return len(list(Path("/proc/self/fd").iterdir()))


def shared_memories() -> int:
    """Count the memories for frames that this process has mapped."""
    return Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").count("genconvit-frames")


LONG_SECONDS = 300
"""Seconds that only a fault takes, however loaded the machine: a wait for longer has failed."""


def wait_until(is_so: Callable[[], bool]) -> bool:
    """Tell whether something becomes so in the end."""
    deadline = time.monotonic() + LONG_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def in_a_fork(call: Callable[[], object], seconds: float = 120.0) -> str | None:
    """Give what a call returns or raises, as text, in a copy of this process that a fork makes; None where it hangs."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of a fork where there are threads
        child = os.fork()
    if not child:
        try:
            answer = str(call())
        except BaseException as error:
            answer = f"{type(error).__name__}: {error}"
        os.write(writing, answer.encode())
        os._exit(0)
    os.close(writing)
    try:
        return os.read(reading, 1 << 16).decode() if select.select([reading], [], [], seconds)[0] else None
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _state_and_parent(pid: int) -> tuple[str, int]:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return "", 0
    return fields[0], int(fields[1])
