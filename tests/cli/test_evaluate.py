from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from genconvit.evaluation.evaluation import Evaluation
from scored import columns, many, result, write_json
from support import shared

from .conftest import Run

FAST = ("--resamples", 20)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A file of forty rows in the reference's layout."""
    rows = [(row.name, row.score or 0.0, str(row.truth)) for row in many()]
    return write_json(tmp_path / "one.json", {"video": columns(rows)})


def test_the_published_table_is_printed_to_every_digit(run: Callable[..., Run]) -> None:
    ended = run("evaluate", "--results", shared("results") / "*.json", *FAST)
    assert (ended.status, ended.err) == (0, "")
    found: dict[str, dict[str, str]] = {}
    names: list[str] = []
    for line in ended.out.partition("Other measures")[0].splitlines():
        first, *others = [cell.strip() for cell in line.replace("┃", "│").strip("│").split("│")]
        if first == "measure":
            names = others
        for name, cell in zip(names, others, strict=False):
            found.setdefault(name, {}).setdefault(first, cell)
    assert len(found) == 4
    figures = ("400", "323", "98.500 %", "0.9994", "0.9907", "98.701 %", "98.452 %")
    titles = ("videos", "fakes", "accuracy", "ROC AUC", "F1", "real accuracy", "fake accuracy")
    assert tuple(found["published_DFDC"][title] for title in titles) == figures


def test_more_files_follow_the_option_or_repeat_it(run: Callable[..., Run], results: Path) -> None:
    other = results.with_name("two.json")
    other.write_bytes(results.read_bytes())
    for arguments in (
        ("--results", results, other),
        ("--results", results, "--results", other),
        ("--results", results.parent / "*.json"),
        ("--results", results, results.parent / "*.json", results),
    ):
        ended = run("evaluate", *arguments, "--format", "json", *FAST)
        assert [each["name"] for each in json.loads(ended.out)] == ["one", "two"]


def test_a_file_whose_name_looks_like_a_pattern_is_itself(run: Callable[..., Run], results: Path) -> None:
    odd = results.rename(results.with_name("[o]ne.json"))
    ended = run("evaluate", "--results", odd, "--format", "json", *FAST)
    assert json.loads(ended.out)[0]["name"] == "[o]ne"


@pytest.mark.parametrize(
    ("suffix", "begins"), [("json", "["), ("csv", "file,level"), ("md", "## Results"), ("txt", "Results")]
)
def test_the_outputs_suffix_says_the_format(run: Callable[..., Run], results: Path, suffix: str, begins: str) -> None:
    output = results.with_name(f"out.{suffix}")
    assert run("evaluate", "--results", results, "--output", output, *FAST).status == 0
    assert output.read_text(encoding="utf-8").startswith(begins)
    ended = run("evaluate", "--results", results, "--output", output, "--format", "json", *FAST)
    assert ended.status == 0
    assert Evaluation.model_validate(json.loads(output.read_text(encoding="utf-8"))[0]).counts.videos == 40


def test_the_options_reach_the_evaluation(run: Callable[..., Run], results: Path) -> None:
    given = ("--no-face", "half", "--threshold", "fpr=0.1", "--resamples", 0, "--seed", 7, "--by", "class")
    (found,) = json.loads(run("evaluate", "--results", results, "--format", "json", *given).out)
    assert (found["no_face"], found["threshold_target"]) == ("half", 0.1)
    assert found["resampling"] == {"resamples": 0, "seed": 7}
    assert [each["group"] for each in found["groups"]] == [{"class": "k"}]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ((), 2, "nothing to score; give a PATH"),
        (("--results", "none.json"), 1, "none.json is not there"),
        (("--results", "none*.json"), 1, "no file matches 'none*.json'; check the pattern"),
        (("--results", "one.json", "--threshold", "high"), 2, "threshold 'high' is neither a number"),
        (("--results", "one.json", "--no-face", "maybe"), 2, "maybe"),
        (("--results", "one.json", "--output", "./one.json"), 2, "--output 'one.json' is also read"),
        (("--results", "broken.json"), 1, "broken.json is no JSON"),
        (("--results", "bare.json"), 1, "bare.json holds no video whose label is known; give --labels FILE.csv"),
    ],
)
def test_a_mistake_is_one_message(
    run: Callable[..., Run],
    results: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    status: int,
    message: str,
) -> None:
    monkeypatch.chdir(results.parent)
    results.with_name("broken.json").write_text("{\x1b", encoding="utf-8")
    write_json(results.with_name("bare.json"), [result("a.mp4", 0.9).model_dump(mode="json")])
    ended = run("evaluate", *arguments)
    assert (ended.status, ended.out) == (status, "")
    assert message in ended.err
    assert "\x1b" not in ended.err


def test_labels_of_a_csv_join_results_that_have_none(run: Callable[..., Run], tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_bytes(b"a video that nobody opens")
    (tmp_path / "labels.csv").write_text("path,label,method\na.mp4,FAKE,Deepfakes\nb.mp4,REAL,\n", encoding="utf-8")
    results = [
        result(f"elsewhere/{name}", score).model_dump(mode="json") for name, score in (("a.mp4", 0.9), ("b.mp4", 0.2))
    ]
    path = write_json(tmp_path / "bare.json", [*results, result("c.mp4", 0.8).model_dump(mode="json")])
    ended = run("evaluate", "--results", path, "--labels", tmp_path / "labels.csv", "--format", "json", *FAST)
    assert (ended.status, ended.err) == (0, "")
    (found,) = json.loads(ended.out)
    assert (found["counts"]["fakes"], found["counts"]["reals"], found["measures"]["accuracy"]["value"]) == (1, 1, 1.0)
    assert [each["group"] for each in found["groups"]] == [{"method": "Deepfakes"}]
    assert "1 of 3 videos have no entry in the labels" in found["notes"]
