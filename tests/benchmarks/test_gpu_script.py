"""gpu.sh and gpu_wheels.sh around programs that stand in for Python."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from processes import LONG_SECONDS, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the scripts are for Linux")

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
PARTS = re.findall(r"^part (\w+) (\d+) ", (BENCHMARKS / "gpu.sh").read_text(encoding="utf-8"), re.MULTILINE)
MOST_SECONDS = 8 * 60


def stand_in(folder: Path, body: str) -> Path:
    """A program that does something else than Python."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def run(script: str, python: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHON": str(python), "XDG_CACHE_HOME": str(python.parent / "cache")}
    command = [str(BENCHMARKS / script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment)


def test_all_parts_together_take_eight_minutes_at_most() -> None:
    assert len(PARTS) == 10
    assert sum(int(seconds) for _, seconds in PARTS) <= MOST_SECONDS


def test_a_part_that_fails_or_takes_too_long_stops_no_other(tmp_path: Path) -> None:
    body = f"""case "$*" in
*gpu.outcome*) exec {sys.executable} "$@" ;;
*gpu.versions*) echo no such card; exit 3 ;;
*gpu.networks*) exit 124 ;;
*gpu.memory*) kill -9 $$ ;;
esac"""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "outcomes.jsonl").write_text("what another run left\n")
    done = run("gpu.sh", stand_in(tmp_path, body), "--out", tmp_path / "out")
    ends = [json.loads(line) for line in (tmp_path / "out" / "outcomes.jsonl").read_text().splitlines()]
    assert [each["part"] for each in ends] == [name for name, _ in PARTS]
    odd = {each["part"]: (each["ended"], each["status"]) for each in ends if each["ended"] != "ok"}
    assert odd == {"versions": ("failed", 3), "networks": ("out of time", 124), "memory": ("out of time", 137)}
    assert done.returncode == 1
    assert "no such card" in (tmp_path / "out" / "log.txt").read_text()
    assert "no such card" in done.stdout


def test_a_run_that_is_ended_takes_its_part_along(tmp_path: Path) -> None:
    body = f'case "$*" in *gpu.install*) echo $$ > {tmp_path}/part; exec sleep 3600 ;; esac'
    environment = {**os.environ, "PYTHON": str(stand_in(tmp_path, body)), "XDG_CACHE_HOME": str(tmp_path)}
    command = [str(BENCHMARKS / "gpu.sh"), "--out", str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment) as script:
        assert wait_until(lambda: (tmp_path / "part").exists() and (tmp_path / "part").read_text() != "")
        script.terminate()
        assert script.wait(LONG_SECONDS) == 130
    part = int((tmp_path / "part").read_text())
    assert wait_until(lambda: not Path("/proc", str(part)).exists())


@pytest.mark.parametrize("arguments", [("--fast",), ("--rehearse", "--wheels"), ("--out",)])
def test_a_wrong_option_says_how_it_is_used(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run("gpu.sh", stand_in(tmp_path, "exit 0"), *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: benchmarks/gpu.sh [--wheels FOLDER] [--out FOLDER] [--rehearse]" in done.stderr


def test_wheels_that_are_not_there_are_an_error(tmp_path: Path) -> None:
    done = run("gpu.sh", stand_in(tmp_path, "exit 0"), "--wheels", tmp_path / "none", "--out", tmp_path / "out")
    assert (done.returncode, done.stdout) == (2, "")
    assert "No such file" in done.stderr


def gathered(tmp_path: Path, mebibytes: int) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run gpu_wheels.sh with a wheel of a size, and give its end and what it asked for."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    body = f'echo "$@" >> {tmp_path}/asked; truncate -s {mebibytes}M {wheels}/av.whl'
    done = run("gpu_wheels.sh", stand_in(tmp_path, body), wheels, "3.13", "manylinux_2_28_x86_64")
    return done, (tmp_path / "asked").read_text()


def test_wheels_are_those_of_the_project_for_the_machine_that_is_named(tmp_path: Path) -> None:
    done, asked = gathered(tmp_path, 59)
    assert done.returncode == 0, done.stderr
    project = (BENCHMARKS.parent / "pyproject.toml").read_text(encoding="utf-8")
    for name in ("av", "pydantic", "facenet-pytorch"):
        (needed,) = re.findall(rf'"({name}[=<>~!][^"]*)"', project)
        assert f" {needed}" in asked
    assert asked.count("--python-version 3.13") == asked.count("--platform=manylinux_2_28_x86_64") == 2
    assert "59 MiB of wheels" in done.stdout
    assert "left out: insightface and opencv-python" in done.stdout


def test_too_many_wheels_are_refused(tmp_path: Path) -> None:
    done, _ = gathered(tmp_path, 61)
    assert done.returncode == 1
    assert "more than 60 MiB" in done.stderr
