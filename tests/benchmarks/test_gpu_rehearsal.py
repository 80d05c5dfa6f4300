"""Everything that gpu.sh does on a GPU, with the CPU in its place, and without what a bare machine lacks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from genconvit.bench.bench_result import BenchResult

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.version_info < (3, 11), reason="gpu.sh needs tomllib, of Python 3.11"),
    pytest.mark.skipif(sys.platform != "linux", reason="gpu.sh is for Linux"),
]

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "gpu.sh"
LEFT_OUT = ("insightface", "cv2", "decord", "torchcodec")
PARTS = ("install", "versions", "clips", "tests", "bench", "networks", "videos", "profile", "memory", "training")


@dataclass(frozen=True)
class Rehearsal:
    """Files that a rehearsal left."""

    folder: Path
    printed: str
    findings: list[dict[str, Any]]

    def of(self, part: str) -> Iterator[dict[str, Any]]:
        """Give what a part found, without its end."""
        return (each for each in self.findings if each["part"] == part and "ended" not in each)


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    folder = tmp_path_factory.mktemp("rehearsal")
    for name in LEFT_OUT:
        (folder / "absent").mkdir(exist_ok=True)
        (folder / "absent" / f"{name}.py").write_text(f"raise ImportError('{name} is absent')\n")
    own = {"PYTHON": sys.executable, "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONPATH": str(folder / "absent")}
    command = [str(SCRIPT), "--rehearse", "--out", str(folder / "out")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=7200, env={**os.environ, **own})
    lines = (folder / "out" / "outcomes.jsonl").read_text().splitlines()
    return Rehearsal(folder / "out", done.stdout + done.stderr, [json.loads(line) for line in lines])


def test_every_part_comes_to_a_good_end(rehearsal: Rehearsal) -> None:
    ended = {each["part"]: each["ended"] for each in rehearsal.findings if "ended" in each}
    assert ended == dict.fromkeys(PARTS, "ok"), rehearsal.printed[-5000:]
    assert [f"== {part}:" in (rehearsal.folder / "log.txt").read_text() for part in PARTS] == [True] * len(PARTS)


def test_the_checkouts_plugins_are_found(rehearsal: Rehearsal) -> None:
    card, _, packages, plugins = rehearsal.of("versions")
    assert card == {"part": "versions", "card": {"name": None}}
    assert packages["packages"]["torch"]
    assert {"original", "v2"} <= set(plugins["plugins"]["architecture"])
    assert {"mtcnn"} <= set(plugins["plugins"]["face detector"])


def test_the_tests_for_a_gpu_pass_or_need_one(rehearsal: Rehearsal) -> None:
    outcomes = {each["test"]: each for each in rehearsal.of("tests")}
    assert {each["outcome"] for each in outcomes.values()} == {"passed", "skipped"}
    skipped = [each["said"] for each in outcomes.values() if each["outcome"] == "skipped"]
    assert all("needs a CUDA device" in said for said in skipped)
    assert len(outcomes) - len(skipped) >= 10


def test_the_bench_is_kept_as_json(rehearsal: Rehearsal) -> None:
    report = BenchResult.model_validate_json((rehearsal.folder / "bench.json").read_text())
    assert [(row.stage, row.amount) for row in report.rows] == [
        ("decode", 4),
        ("faces", 4),
        ("networks", 4),
        ("pipeline", 2),
    ]
    assert report.fresh_runs[0].face_detector == "mtcnn"


def test_each_network_stands_beside_bare_calls(rehearsal: Rehearsal) -> None:
    found = list(rehearsal.of("networks"))
    assert [(each["architecture"], each["variant"]) for each in found] == [
        ("original", "eager"),
        ("v2", "eager"),
        ("original", {"compile": True}),
    ]
    assert all(each["ratio_to_compiled_timm"] > 0 and each["faces_a_second"] > 0 for each in found)
    assert [each["furthest_from_eager"] for each in found] == [0, None, pytest.approx(0, abs=1e-6)]


def test_whole_videos_stand_beside_a_plain_loop(rehearsal: Rehearsal) -> None:
    library, plain, ratio, in_process = rehearsal.of("videos")
    assert (library["videos"], library["faces"], library["decoder"]) == (3, 6, "pyav")
    assert (plain["by"], plain["videos"], plain["faces"]) == ("plain loop", 1, 2)
    assert ratio["library_over_plain_loop"] == pytest.approx(library["videos_a_second"] / plain["videos_a_second"])
    assert in_process["options"] == {"isolate": False}


def test_profiles_say_where_the_time_goes(rehearsal: Rehearsal) -> None:
    for each in rehearsal.of("profile"):
        assert 0 < each["busy_share"] <= 1.05
        assert each["milliseconds_by_kind"]["convolution"] > 0
        assert len(each["milliseconds_by_kernel"]) > 5
    assert [each["of"] for each in rehearsal.of("profile")] == ["5 batches of 2 faces", "1 videos"]


def test_a_full_memory_is_survived_with_the_same_scores(rehearsal: Rehearsal) -> None:
    found = list(rehearsal.of("memory"))
    assert [(each["faces"], each["taken_at_once"]) for each in found] == [(2, 2), (4, 4), (8, 4)]
    assert all(each["survived"] and each["furthest_from_a_small_batch"] < 1e-4 for each in found)
    assert found[-1]["notes"] == ["cpu ran out of memory with 8 faces at once; 4 were taken"]


def test_a_training_is_measured(rehearsal: Rehearsal) -> None:
    (found,) = rehearsal.of("training")
    assert (found["architecture"], found["size"], found["batch_size"]) == ("v2", "nano", 4)
    assert found["steps_a_second"] > 0
    assert found["faces_a_second"] == pytest.approx(4 * found["steps_a_second"])
