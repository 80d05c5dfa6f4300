"""Every damaged file ends in frames or in a SourceError."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fuzzing import Case, Figures, fuzz, make_sound_files, write_case
from genconvit.isolation.limits import IsolationLimits
from genconvit.video.base import VideoDecoder
from genconvit.video.decord import DecordDecoder
from genconvit.video.pyav import PyAVDecoder
from isolation.conftest import MakeReader
from processes import LONG_SECONDS, children, handles, needs_proc, shared_memories

SEED = 20
LIMITS = IsolationLimits(time_limit_seconds=60, memory_limit_mb=512)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[bytes]]:
    return make_sound_files(tmp_path_factory.mktemp("sound"))


@needs_proc
@pytest.mark.parametrize(
    ("decoder", "frames", "cases"), [(PyAVDecoder, 15, 500), (PyAVDecoder, "all", 200), (DecordDecoder, 15, 300)]
)
def test_damaged_files_harm_nothing(
    tmp_path: Path, sound: dict[str, list[bytes]], decoder: type[VideoDecoder], frames: int | str, cases: int
) -> None:
    if decoder is DecordDecoder:
        pytest.importorskip("decord")
    before = (children(), handles(), shared_memories())
    found = fuzz([decoder()], sound, tmp_path, range(cases), seed=SEED, limits=LIMITS, frames=frames)
    assert [case for case in found if case.is_wrong] == []
    figures = Figures.of(found)
    assert figures.cases == cases
    assert figures.read > cases / 5
    assert sum(figures.unreadable.values()) > cases / 5
    assert len(figures.unreadable) > 5
    assert figures.slowest_seconds < 2 * LIMITS.time_limit_seconds
    assert (children(), handles(), shared_memories()) == before
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_not_damaged_are_read(
    tmp_path: Path, make_reader: MakeReader, sound: dict[str, list[bytes]]
) -> None:
    reader = make_reader(PyAVDecoder())
    for suffix, contents in sound.items():
        for content in contents:
            path = tmp_path / f"a{suffix}"
            path.write_bytes(content)
            with reader.start(path) as reading:
                assert len(list(reading)) in (2, 16)


def test_a_number_and_a_seed_give_the_same_file_again(tmp_path: Path, sound: dict[str, list[bytes]]) -> None:
    first, again, other = (write_case(sound, tmp_path, seed, 5).read_bytes() for seed in (1, 1, 2))
    assert first == again != other


@needs_proc
def test_the_command_prints_and_writes_figures(tmp_path: Path) -> None:
    script = Path(__file__).resolve().parents[2] / "benchmarks" / "fuzz.py"
    target = tmp_path / "figures.json"
    command = [sys.executable, str(script), "--cases", "12", "--json", str(target), "--keep", str(tmp_path / "kept")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONG_SECONDS)
    assert (done.returncode, done.stderr) == (0, "")
    figures = json.loads(target.read_text(encoding="utf-8"))["figures"]
    assert figures["cases"] == 12
    assert figures["read"] + sum(figures["unreadable"].values()) == 12
    assert "        12  cases" in done.stdout


def test_what_no_file_may_cause_is_told_apart() -> None:
    limit = "its decoder did not answer within the time limit of 10 s"
    memory = "it needs more memory than the limit of 512 MB"
    reasons = [
        "its decoder failed (KeyError: 1)",
        "its decoder crashed (SIGSEGV)",
        limit,
        memory,
        "a damaged image (9)",
    ]
    cases = [Case(number, 0, reason, 0.5 + number) for number, reason in enumerate(reasons)]
    figures = Figures.of([*cases, Case(5, 3, None, 0.1), Case(6, 0, None, 0.1, "OSError()")])
    assert (figures.cases, figures.read, figures.frames, figures.wrong) == (7, 1, 3, 2)
    assert (figures.crashes, figures.time_limit_hits, figures.memory_limit_hits) == (1, 1, 1)
    assert (figures.slowest, figures.slowest_seconds) == (4, 4.5)
    assert figures.unreadable["a damaged image"] == 1
