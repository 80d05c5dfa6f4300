"""Processor cores that are there for this process: those it may run on, within the limits of its control groups."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path

THREADS_VARIABLE = "OMP_NUM_THREADS"
"""Environment variable that PyTorch takes its number of threads from, before any other."""


def usable_cores() -> int:
    """Give the number of cores that this process can keep busy, at least 1.

    That is the number that it may run on (its affinity), or what its control groups and all above them allow, if that
    is less: ``docker run --cpus``, a limit of Kubernetes, a quota of systemd. A part of a core counts as one.
    """
    return max(1, min(_allowed_cores(), limited_cores()))


def limited_cores(root: Path = Path("/")) -> int:
    """Give the number of cores that control groups allow, rounded up; ``sys.maxsize`` where they set no limit.

    Args:
        root: folder that ``proc`` and the groups' files are in.
    """
    limits = [limit for group in _groups(root) if (limit := _limit(group)) is not None]
    return math.ceil(min(limits)) if limits else sys.maxsize


def session_threads() -> int:
    """Give the number of threads for a session of the library's own, in ONNX Runtime or OpenVINO.

    As many as PyTorch uses, where it is loaded, since a program sets that for all of its computing; else as many as
    ``OMP_NUM_THREADS`` says, or one for each core. No more than control groups allow, in any case.
    """
    torch, asked = sys.modules.get("torch"), os.environ.get(THREADS_VARIABLE, "")
    if torch is not None:
        threads: int = torch.get_num_threads()
    else:
        threads = int(asked) if asked.isdecimal() and int(asked) else _allowed_cores()
    return min(threads, limited_cores())


def keep_threads_within_limits() -> None:
    """Let libraries that are loaded from now on compute in no more threads than control groups allow.

    For a program's start. Nothing is done where there is no limit, or where ``OMP_NUM_THREADS`` is set. PyTorch itself
    knows of no control groups: with a limit of 2 on a machine of 64 it starts 64 threads, which wait for one another.
    """
    if limited_cores() < _allowed_cores():
        os.environ.setdefault(THREADS_VARIABLE, str(limited_cores()))


def _allowed_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _groups(root: Path) -> Iterator[Path]:
    """Folders of this process's control groups that may limit its cores, each with all above it."""
    paths = dict(_own_paths(root))
    for kind, top, mount_point in _mounts(root):
        path = paths.get(kind)
        if path is None:
            continue
        inner = Path(path).relative_to(top) if Path(path).is_relative_to(top) else Path()
        mounted = root / mount_point.lstrip("/")
        if ".." not in inner.parts:  # a group outside of what is mounted here
            yield from (mounted / folder for folder in (inner, *inner.parents))


def _own_paths(root: Path) -> Iterator[tuple[str, str]]:
    """Paths of this process's groups in the hierarchies of version 2 ("cgroup2") and of version 1 ("cgroup")."""
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if not controllers:
            yield "cgroup2", path
        elif "cpu" in controllers.split(","):
            yield "cgroup", path


def _mounts(root: Path) -> Iterator[tuple[str, str, str]]:
    """Kind, topmost group and folder of each hierarchy that is mounted; of version 1, of the one for processors."""
    for line in _lines(root / "proc/self/mountinfo"):
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        if kind == "cgroup2" or (kind == "cgroup" and "cpu" in options.split(",")):
            top, mount_point = before.split(" ")[3:5]
            yield kind, top, mount_point


def _limit(group: Path) -> float | None:
    """Give the cores that a group allows; None where it sets no limit."""
    words = " ".join(_lines(group / "cpu.max")).split()
    words = words or [*_lines(group / "cpu.cfs_quota_us"), *_lines(group / "cpu.cfs_period_us")]
    if len(words) != 2 or not all(word.isdecimal() and int(word) for word in words):  # "max", or -1
        return None
    return int(words[0]) / int(words[1])


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
