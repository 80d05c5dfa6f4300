from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from calibrations import calibration, write_calibration
from genconvit import VideoResult
from genconvit.verdict.calibration import read_calibration
from scored import columns, many, result, write_json, write_lines
from stubs import grey_clip, register_stubs, trained_grey

from .conftest import FakeDetector, Run

STUBS = ("--face-detector", "whole_frame", "--no-isolate", "--frames", 2, "--device", "cpu")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A file of 120 labelled scores in the reference's layout."""
    rows = [(row.name, row.score or 0.0, str(row.truth)) for row in many(120)]
    return write_json(tmp_path / "one.json", {"video": columns(rows)})


@pytest.mark.parametrize("method", ["temperature", "sigmoid", "isotonic"])
def test_a_calibration_is_fitted_and_said_what_it_gains(run: Callable[..., Run], results: Path, method: str) -> None:
    output = results.with_name("c.json")
    ended = run("calibrate", "--results", results, "--method", method, "--output", output)
    assert (ended.status, ended.err) == (0, f"wrote {output}\n")
    made = read_calibration(output).calibration
    assert f"{made.fitted_numbers} from 120 videos, 60 of them fake\n" in ended.out
    assert made.method == method
    assert made.after is not None
    (line,) = [line for line in ended.out.splitlines() if "expected calibration error" in line]
    assert f"{made.before.calibration_error:.4f}" in line
    assert f"{made.after.calibration_error:.4f}" in line
    assert [(each.name, each.sha256) for each in made.results] == [
        ("one.json", hashlib.sha256(results.read_bytes()).hexdigest())
    ]
    for warning in made.warnings:
        assert f"note: {warning}" in ended.out


def test_a_calibration_is_written_as_json_alone(run: Callable[..., Run], results: Path) -> None:
    output = results.with_name("c.csv")
    ended = run("calibrate", "--results", results, "--output", output)
    assert (ended.status, output.exists()) == (2, False)
    assert f"--output {str(output)!r}: a calibration is written as JSON; give a path that ends in .json" in ended.err


def test_swapped_labels_are_said_to_rank_the_wrong_way_round(run: Callable[..., Run], tmp_path: Path) -> None:
    rows = [(row.name, 1 - (row.score or 0.0), str(row.truth)) for row in many(60)]
    results = write_json(tmp_path / "swapped.json", {"video": columns(rows)})
    for method in ("temperature", "sigmoid", "isotonic"):
        out = run("calibrate", "--results", results, "--method", method, "--output", tmp_path / "c.json").out
        assert "note: the scores rank these videos the wrong way round (ROC AUC 0." in out
        assert "say nothing" not in out


def test_more_files_follow_and_patterns_work(run: Callable[..., Run], results: Path) -> None:
    other = results.with_name("two.json")
    other.write_bytes(results.read_bytes())
    for given in ((results, other), ("--results", results, other), (results.with_name("*o*.json"),)):
        output = results.parent / "out" / "c.json"
        output.parent.mkdir(exist_ok=True)
        assert run("calibrate", *given, "--output", output).status == 0
        assert read_calibration(output).calibration.count == 240


def test_labels_join_results_without_any(run: Callable[..., Run], tmp_path: Path) -> None:
    scores = {f"{number}.mp4": 0.1 + 0.08 * number for number in range(10)}
    lines = [result(name, score).model_dump(mode="json") for name, score in scores.items()]
    write_lines(tmp_path / "r.jsonl", lines)
    for name in scores:
        (tmp_path / name).write_bytes(b"a video that nobody opens")
    text = "".join(f"{name},{'FAKE' if number > 3 else 'REAL'}\n" for number, name in enumerate(list(scores)[:9]))
    (tmp_path / "labels.csv").write_text(f"path,label\n{text}", encoding="utf-8")
    arguments = ("--results", tmp_path / "r.jsonl", "--labels", tmp_path / "labels.csv")
    ended = run("calibrate", *arguments, "--output", tmp_path / "c.json")
    assert ended.status == 0, ended.err
    assert "from 9 videos, 5 of them fake; left out, without a score or a label: 1" in ended.out
    assert "after: it takes 5 fakes and 5 reals" in ended.out
    assert "note: r: 1 of 10 videos have no entry in the labels" in ended.out


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("--output", "c.json"), 2, "there is nothing to fit on; give --results FILE"),
        (("--results", "one.json"), 2, "--output"),
        (("--results", "one.json", "--output", "./one.json"), 2, "--output 'one.json' is also read"),
        (("--results", "one.json", "--labels", "l.csv", "--output", "l.csv"), 2, "--output 'l.csv' is also read"),
        (("--results", "one.json", "--output", "none/c.json"), 2, "--output 'none/c.json' cannot be written"),
        (("--results", "none.json", "--output", "c.json"), 1, "none.json is not there"),
        (("--results", "untrained.json", "--output", "c.json"), 1, "untrained: its weights are untrained"),
        (("--results", "one.json", "--output", "c.json", "--method", "platt"), 2, "platt"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_mistake_is_one_message_and_leaves_no_file(
    run: Callable[..., Run],
    results: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    status: int,
    message: str,
) -> None:
    monkeypatch.chdir(results.parent)
    lines = [
        {"name": "a", "truth": truth, "groups": {}, "result": result("a", 0.9, trained=False).model_dump(mode="json")}
        for truth in ("FAKE", "REAL")
    ]
    write_json(Path("untrained.json"), lines)
    before = sorted(Path().iterdir())
    ended = run("calibrate", *arguments)
    assert ended.status == status
    assert message in " ".join(ended.err.split())
    assert sorted(Path().iterdir()) == before


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Six dark reals and six bright fakes, of which one of each lies on the other side."""
    for number in range(6):
        grey_clip(tmp_path / "clips" / "real" / f"r{number}.mp4", 40 + 12 * number + (100 if number == 5 else 0))
        grey_clip(tmp_path / "clips" / "fake" / f"f{number}.mp4", 220 - 12 * number - (70 if number == 5 else 0))
    return tmp_path / "clips"


def test_from_labelled_videos_to_a_decision_in_three_commands(
    run: Callable[..., Run], clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_stubs(monkeypatch)
    grey = ("--arch", "grey", "--weights", trained_grey(tmp_path / "g.safetensors"), *STUBS)
    out, fitted = tmp_path / "out", tmp_path / "c.json"
    ended = run("evaluate", "--dataset", "folder", clips, "--out", out, "--resamples", 0, *grey)
    assert ended.status == 0, ended.err
    ended = run("calibrate", *out.glob("*.json"), "--output", fitted)
    assert ended.status == 0, ended.err
    decide = ("--calibration", fitted, "--threshold", "fpr=0.2", "--format", "jsonl")
    ended = run("predict", clips / "real", *grey, *decide)
    assert ended.status == 0, ended.err
    found = [VideoResult.model_validate_json(line) for line in ended.out.splitlines()]
    assert [each.label for each in found] == ["REAL"] * 5 + ["FAKE"]
    stored = read_calibration(fitted)
    for each in found:
        assert each.decision is not None
        assert each.decision.calibration is not None
        assert each.decision.calibration.sha256 == stored.sha256
        assert each.decision.threshold_from == "fpr=0.2 of 6 reals in c.json"
        assert each.calibrated_probability == stored.calibration.apply(each.fake_probability or 0)
        assert each.notes == tuple(f"c.json: {warning}" for warning in stored.calibration.warnings)
        assert "a temperature needs 50 fakes and reals; there are 6 fakes and 6 reals" in each.notes[0]
    other = ("--arch", "grey", "--weights", trained_grey(tmp_path / "h.safetensors", inverted=True), *STUBS)
    ended = run("predict", clips / "real" / "r0.mp4", *other, *decide, "--person", "max")
    (found_by_other,) = [VideoResult.model_validate_json(line) for line in ended.out.splitlines()]
    assert found_by_other.notes[-1] == "c.json was fitted for other scores: inverted=False, person=pool, other weights"
    again, labels = tmp_path / "again.jsonl", labels_of(clips, tmp_path)
    assert run("predict", clips / "real", clips / "fake", *grey, *decide, "--output", again).status == 0
    ended = run("calibrate", again, "--labels", labels, "--output", tmp_path / "d.json")
    assert ended.status == 0, ended.err
    refitted = read_calibration(tmp_path / "d.json").calibration
    assert refitted.temperature == pytest.approx(stored.calibration.temperature)
    assert refitted.basis == stored.calibration.basis
    ended = run("calibrate", again, "--labels", labels, "--balance", "--output", tmp_path / "e.json")
    assert "from 12 videos, reals and fakes weighted alike, 6 of them fake" in ended.out
    assert read_calibration(tmp_path / "e.json").calibration.balanced


def labels_of(clips: Path, folder: Path) -> Path:
    rows = [f"{path},{path.parent.name.upper()}\n" for path in clips.glob("*/*.mp4")]
    (folder / "labels.csv").write_text("path,label\n" + "".join(rows), encoding="utf-8")
    return folder / "labels.csv"


def test_the_flags_reach_the_detector(run: Callable[..., Run], fake: FakeDetector, tmp_path: Path) -> None:
    path = write_calibration(tmp_path / "c.json")
    ended = run("predict", "a.mp4", "--calibration", path, "--threshold", "fpr=0.01", "--inconclusive", "0.4,0.6")
    assert ended.status == 0, ended.err
    config = fake.configs[-1]
    assert (config.calibration, config.threshold, config.inconclusive) == (str(path), "fpr=0.01", (0.4, 0.6))
    assert run("predict", "a.mp4", "--threshold", "0.7").status == 0
    assert fake.configs[-1].threshold == 0.7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--threshold", "high"), "threshold 'high' is neither a number from 0 to 1 nor fpr=X"),
        (("--threshold", "fpr=0.01", "--calibration", "none"), "give calibration=FILE (--calibration), or a number"),
        (("--inconclusive", "0.6,0.4"), "from a lower to a higher number"),
        (("--inconclusive", "0.6"), "inconclusive"),
        (("--threshold", "0.7", "--set", "threshold=0.8"), "threshold is given both as --set threshold=0.8 and as"),
        (("--calibration", "c.json", "--output", "./c.json"), "--output 'c.json' is also read"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_wrong_decision_is_refused(
    run: Callable[..., Run],
    fake: FakeDetector,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    written = write_calibration(tmp_path / "c.json").read_bytes()
    ended = run("predict", "a.mp4", *arguments)
    assert ended.status == 2
    assert message in ended.err
    assert fake.configs == []
    assert (tmp_path / "c.json").read_bytes() == written


def test_a_rate_without_a_calibration_is_refused_before_the_weights_are_looked_for(
    run: Callable[..., Run], tmp_path: Path
) -> None:
    ended = run("predict", "a.mp4", "--weights", tmp_path / "no.pth", "--threshold", "fpr=0.01")
    assert ended.status == 2
    assert "give calibration=FILE (--calibration), or a number" in ended.err


def test_a_calibration_that_is_none_is_refused_before_the_weights_are_looked_for(
    run: Callable[..., Run], tmp_path: Path
) -> None:
    for path in (tmp_path / "none.json", write_json(tmp_path / "c.json", {"method": "temperature"})):
        ended = run("predict", "a.mp4", "--weights", tmp_path / "no.pth", "--calibration", path)
        assert ended.status == 2
        assert f"calibration {path}" in ended.err


def test_each_variant_decides_by_its_own_rule(
    run: Callable[..., Run], clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_stubs(monkeypatch)
    weights, out = trained_grey(tmp_path / "g.safetensors"), tmp_path / "out"
    bad = f"grey:weights={weights},calibration={tmp_path / 'none.json'}"
    ended = run("compare", clips / "real" / "r5.mp4", "--variant", bad, "--out", out, "--no-plots", *STUBS)
    assert ended.status == 2
    assert "variant grey-weights-g-calibration" in ended.err
    assert "none.json cannot be read" in ended.err
    assert not list(out.glob("*"))
    both = ("--variant", f"grey:weights={weights}", "--variant", f"grey:weights={weights},threshold=0.99")
    ended = run("compare", clips / "real" / "r5.mp4", *both, "--out", out, "--no-plots", *STUBS)
    assert ended.status == 0, ended.err
    labels = {
        path.name.split("_")[3]: json.loads(path.read_text())["video"]["pred_label"] for path in out.glob("*.json")
    }
    assert labels == {"grey-weights-g": ["FAKE"], "grey-weights-g-threshold-0.99": ["REAL"]}


def test_robustness_counts_the_labels_of_the_rule(
    run: Callable[..., Run], clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_stubs(monkeypatch)
    grey = ("--arch", "grey", "--weights", trained_grey(tmp_path / "g.safetensors"), *STUBS, "--degrade", "blur")
    for threshold, label in (("0.5", "FAKE"), ("0.99", "REAL")):
        ended = run("robustness", clips / "real" / "r5.mp4", *grey, "--threshold", threshold, "--format", "json")
        assert ended.status == 0, ended.err
        (video,) = json.loads(ended.out)["videos"]
        assert video["labels"][0] == label


def calibrated(result: VideoResult, probability: float, **fields: Any) -> VideoResult:
    decision = {
        "threshold": 0.5,
        "threshold_from": "default",
        "inconclusive": (0.4, 0.6),
        "calibration": {"name": "c\x1b.json", "sha256": "0" * 64, "method": calibration().method},
    }
    changed = {**result.model_dump(), "decision": decision, "calibrated_probability": probability, **fields}
    return VideoResult.model_validate(changed)


def test_table_and_csv_show_the_calibrated_probability_beside_the_raw_one(
    run: Callable[..., Run], fake: FakeDetector
) -> None:
    assert "calibrated" not in run("predict", "a.mp4").out
    fake.template = calibrated(result("a.mp4", 0.9), 0.55, status="inconclusive", label=None)
    out = run("predict", "a.mp4").out
    (line,) = [line for line in out.splitlines() if "a.mp4" in line]
    assert [cell.strip() for cell in line.split("│")[1:6]] == ["a.mp4", "inconclusive", "0.900", "0.550", "2"]
    assert (
        "calibrated by c\\x1b.json (temperature); FAKE above a calibrated probability of 0.5 (default); "
        "no label from 0.4 to 0.6"
    ) in out.splitlines()
    (row,) = csv.DictReader(io.StringIO(run("predict", "a.mp4", "--format", "csv").out))
    assert (row["status"], row["label"], row["fake_probability"]) == ("inconclusive", "", "0.9")
    assert (row["calibrated_probability"], row["threshold"]) == ("0.55", "0.5")
    (read,) = json.loads(run("predict", "a.mp4", "--format", "json").out)
    assert (read["calibrated_probability"], read["decision"]["inconclusive"]) == (0.55, [0.4, 0.6])
