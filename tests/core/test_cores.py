"""Cores within made-up control groups, as Linux, Docker and Kubernetes lay them out."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import torch

from genconvit.core import cores
from genconvit.core.cores import keep_threads_within_limits, limited_cores, session_threads, usable_cores

V2_MOUNT = "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate"
V1_MOUNT = "33 32 0:29 {top} /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct"
OTHERS = ["24 1 8:1 / / rw - ext4 /dev/sda1 rw", "34 32 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset"]


def process(root: Path, own: str, mount: str) -> None:
    """Write what ``/proc`` says of a process."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(own)
    (root / "proc/self/mountinfo").write_text("\n".join([*OTHERS, mount, ""]))


def v2(root: Path, group: str, limit: str) -> None:
    folder = root / "sys/fs/cgroup" / group
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cpu.max").write_text(f"{limit}\n")


def v1(root: Path, group: str, quota: int) -> None:
    folder = root / "sys/fs/cgroup/cpu,cpuacct" / group
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cpu.cfs_quota_us").write_text(f"{quota}\n")
    (folder / "cpu.cfs_period_us").write_text("100000\n")


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"a/b": "max 100000"}, sys.maxsize),
        ({"a/b": "200000 100000"}, 2),
        ({"a/b": "150000 100000"}, 2),
        ({"a/b": "20000 100000"}, 1),
        ({"a/b": "25000 50000"}, 1),
        ({"a/b": "max 100000", "a": "300000 100000"}, 3),
        ({"a/b": "400000 100000", "a": "300000 100000", "": "800000 100000"}, 3),
        ({"": "500000 100000"}, 5),
        ({"a/other": "100000 100000", "a/b/c": "100000 100000"}, sys.maxsize),
        ({"a/b": "damaged"}, sys.maxsize),
        ({}, sys.maxsize),
    ],
)
def test_version_2_with_all_groups_above(tmp_path: Path, limits: dict[str, str], expected: int) -> None:
    process(tmp_path, "0::/a/b\n", V2_MOUNT)
    for group, limit in limits.items():
        v2(tmp_path, group, limit)
    assert limited_cores(tmp_path) == expected


@pytest.mark.parametrize(
    ("quotas", "expected"),
    [
        ({"docker/1f": -1}, sys.maxsize),
        ({"docker/1f": 250000}, 3),
        ({"docker/1f": 400000, "docker": 200000}, 2),
        ({"docker/1f": -1, "": 700000}, 7),
    ],
)
def test_version_1_with_all_groups_above(tmp_path: Path, quotas: dict[str, int], expected: int) -> None:
    process(tmp_path, "5:cpuset:/\n4:cpuacct,cpu:/docker/1f\n1:name=systemd:/x\n", V1_MOUNT.format(top="/"))
    for group, quota in quotas.items():
        v1(tmp_path, group, quota)
    assert limited_cores(tmp_path) == expected


def test_version_1_in_a_container_that_sees_its_own_group_alone(tmp_path: Path) -> None:
    process(tmp_path, "4:cpu,cpuacct:/docker/1f/inner\n0::/\n", V1_MOUNT.format(top="/docker/1f"))
    v1(tmp_path, "", 400000)
    assert limited_cores(tmp_path) == 4
    v1(tmp_path, "inner", 100000)
    assert limited_cores(tmp_path) == 1


def test_a_group_outside_of_what_is_mounted_is_not_looked_for(tmp_path: Path) -> None:
    process(tmp_path, "0::/../elsewhere\n", V2_MOUNT)
    v2(tmp_path, "", "100000 100000")
    assert limited_cores(tmp_path) == sys.maxsize


def test_a_system_without_control_groups_has_no_limit(tmp_path: Path) -> None:
    assert limited_cores(tmp_path) == sys.maxsize


def limited_to(monkeypatch: pytest.MonkeyPatch, limit: int, allowed: int) -> None:
    monkeypatch.setattr(cores, "limited_cores", lambda: limit)
    monkeypatch.setattr(cores, "_allowed_cores", lambda: allowed)


@pytest.mark.parametrize(("limit", "allowed", "expected"), [(sys.maxsize, 6, 6), (2, 6, 2), (8, 6, 6)])
def test_the_lesser_of_limit_and_affinity_counts(
    monkeypatch: pytest.MonkeyPatch, limit: int, allowed: int, expected: int
) -> None:
    limited_to(monkeypatch, limit, allowed)
    assert usable_cores() == expected


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_affinity_counts() -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, before)


def test_sessions_follow_pytorch_within_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 5)
    limited_to(monkeypatch, sys.maxsize, 2)
    assert session_threads() == 5
    limited_to(monkeypatch, 3, 64)
    assert session_threads() == 3


@pytest.mark.parametrize(("asked", "expected"), [("4", 4), ("", 6), ("0", 6), ("4,2", 6), ("9", 8)])
def test_without_pytorch_sessions_follow_the_environment(
    monkeypatch: pytest.MonkeyPatch, asked: str, expected: int
) -> None:
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    limited_to(monkeypatch, 8, 6)
    assert session_threads() == expected


@pytest.mark.parametrize(
    ("limit", "before", "after"), [(2, None, "2"), (2, "5", "5"), (sys.maxsize, None, None), (8, None, None)]
)
def test_a_program_sets_threads_only_where_there_is_a_limit_and_nobody_has(
    monkeypatch: pytest.MonkeyPatch, limit: int, before: str | None, after: str | None
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", before or "")
    if before is None:
        monkeypatch.delenv("OMP_NUM_THREADS")
    limited_to(monkeypatch, limit, 8)
    keep_threads_within_limits()
    assert os.environ.get("OMP_NUM_THREADS") == after
