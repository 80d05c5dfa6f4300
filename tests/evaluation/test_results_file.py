from __future__ import annotations

import json
import os
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from genconvit.core.errors import DatasetError
from genconvit.data.base import LabelledSource, Listing
from genconvit.evaluation import results_file
from genconvit.evaluation.results_file import read_results, results_of, scored_video
from genconvit.evaluation.scored import ScoredSet
from scored import columns, result, write_json, write_lines

ROWS = [("a.mp4", 0.9, "FAKE"), ("b.mp4", 0.5, "REAL"), ("a.mp4", 0.1, "unknown")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "prediction_dfdc.json"


def test_the_references_layout_is_taken_row_by_row(path: Path) -> None:
    block = columns(ROWS, klass=[["x"], ["x", "y"], ["x"]], compression=["c23", "c40", "c40"])
    scored = read_results(write_json(path, {"video": block}))
    assert (scored.name, scored.trained) == ("prediction_dfdc", None)
    assert [(row.name, row.score, row.predicted, row.truth) for row in scored.rows] == [
        ("a.mp4", 0.9, "FAKE", "FAKE"),
        ("b.mp4", 0.5, "FAKE", "REAL"),
        ("a.mp4", 0.1, "REAL", None),
    ]
    assert [row.groups for row in scored.rows] == [
        {"class": "x", "compression": "c23"},
        {"compression": "c40"},
        {"compression": "c40"},
    ]
    assert len(scored.notes) == 2
    assert "1 names occur more than once" in scored.notes[0]
    assert "also the 1 with a score of exactly 0.5" in scored.notes[1]


def test_a_file_with_metrics_and_metadata_is_read_too(path: Path) -> None:
    content = {"metrics": {"accuracy": 0.1}, "metadata": {"architecture": "v2"}, "video": columns(ROWS)}
    scored = read_results(write_json(path, content))
    assert (scored.metadata, scored.trained) == ({"architecture": "v2"}, None)


def own_file(**more: Any) -> dict[str, Any]:
    block = columns(
        ROWS[:2], pred=[0.9, None], pred_label=["FAKE", None], status=["ok", "no_face"], groups=[{"method": "A"}, {}]
    )
    results = [result("a.mp4", 0.9).model_dump(mode="json"), result("b.mp4", None).model_dump(mode="json")]
    return {"metadata": {"trained": True}, "video": block, "results": results, **more}


def test_the_librarys_own_file_knows_status_groups_and_faces(path: Path) -> None:
    scored = read_results(write_json(path, own_file()))
    first, second = scored.rows
    assert (first.groups, first.faces) == ({"method": "A"}, (0.9, 0.9))
    assert (second.status, second.score, second.predicted, second.groups) == ("no_face", None, None, {})
    assert (scored.trained, scored.notes) == (True, ())


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_what_predict_writes_is_read_and_needs_labels(tmp_path: Path, suffix: str) -> None:
    results = [
        result("v/a.mp4", 0.9),
        result("v/b.mp4", None),
        result("c.mp4", None, status="unreadable", reason="torn"),
    ]
    values = [each.model_dump(mode="json") for each in results]
    path = tmp_path / f"out.{suffix}"
    path = write_json(path, values) if suffix == "json" else write_lines(path, values)
    scored = read_results(path)
    assert [(row.name, row.status, row.truth, row.reason) for row in scored.rows] == [
        ("v/a.mp4", "ok", None, None),
        ("v/b.mp4", "no_face", None, None),
        ("c.mp4", "unreadable", None, "torn"),
    ]
    assert (scored.rows[0].faces, scored.trained) == ((0.9, 0.9), True)
    assert scored.metadata == {"architecture": "original", "weights_origin": "published"}
    assert read_results(path, {"a.mp4": "FAKE"}).rows[0].truth == "FAKE"


def test_untrained_and_mixed_results_say_so(path: Path) -> None:
    results = [result("a", 0.9, trained=False), result("b", 0.8)]
    scored = read_results(write_json(path, [each.model_dump(mode="json") for each in results]))
    assert scored.trained is False
    assert scored.notes == ("the results are of 2 different detectors",)


def test_a_journal_tells_names_truths_and_groups(tmp_path: Path) -> None:
    entry = {"name": "n", "truth": "FAKE", "groups": {"m": "A"}, "result": result("a", 0.9).model_dump(mode="json")}
    scored = read_results(write_lines(tmp_path / "j.jsonl", [entry, {**entry, "truth": None}]))
    assert [(row.name, row.truth, row.groups) for row in scored.rows] == [
        ("n", "FAKE", {"m": "A"}),
        ("n", None, {"m": "A"}),
    ]


@pytest.mark.parametrize("kind", ["list", "lines", "journal", "block"])
def test_whole_results_come_back(tmp_path: Path, kind: str) -> None:
    results = [result("a.mp4", 0.9), result("b.mp4", None)]
    values = [each.model_dump(mode="json") for each in results]
    rows: list[dict[str, Any]] = [{"name": "a", "truth": None, "groups": {}, "result": each} for each in values]
    path = {
        "list": lambda: write_json(tmp_path / "a.json", values),
        "lines": lambda: write_lines(tmp_path / "a.jsonl", values),
        "journal": lambda: write_lines(tmp_path / "a.jsonl", rows),
        "block": lambda: write_json(tmp_path / "a.json", {"video": {}, "results": values}),
    }[kind]()
    assert results_of(path) == results


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"video": {}}, "holds no results with their faces"),
        ([{"a": 1}], "row 0 is no VideoResult"),
        (3, "holds no results"),
    ],
)
def test_a_file_without_whole_results_is_refused(path: Path, content: object, says: str) -> None:
    with pytest.raises(DatasetError, match=says):
        results_of(write_json(path, content))


def test_a_calibrated_probability_is_the_score() -> None:
    class Calibrated:
        def __init__(self, probability: float | None) -> None:
            self.calibrated_probability = probability

        def __getattr__(self, name: str) -> Any:
            return getattr(result("a", 0.9), name)

    for probability, score in ((0.6, 0.6), (0.0, 0.0), (None, 0.9)):
        given: Any = Calibrated(probability)
        assert scored_video(given, truth="FAKE").score == score


def labels(*entries: tuple[str, str]) -> Listing:
    sources = tuple(
        LabelledSource.model_validate({"path": path, "name": path, "label": label, "groups": {"g": path}})
        for path, label in entries
    )
    return Listing(dataset="csv", split="all", sources=sources)


def joined(tmp_path: Path, names: list[str], given: Any) -> ScoredSet:
    content = {"video": columns([(name, 0.9, "unknown") for name in names])}
    return read_results(write_json(tmp_path / "r.json", content), given)


def test_labels_go_by_path_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "x", target_is_directory=True)
    given = labels((str(tmp_path / "x" / "a.mp4"), "FAKE"), (str(tmp_path / "y" / "a.mp4"), "REAL"))
    rows = joined(tmp_path, ["x/a.mp4", "y/../y/a.mp4", "link/a.mp4"], given).rows
    assert [row.truth for row in rows] == ["FAKE", "REAL", "FAKE"]
    assert rows[0].groups == {"g": str(tmp_path / "x" / "a.mp4")}


def test_labels_go_by_a_unique_file_name_else(tmp_path: Path) -> None:
    names = ["p/a.mp4", "q\\b.mp4", "c.mp4", "d/e.mp4", "f/e.mp4", "g.mp4", "nul\0.mp4"]
    entries = [
        ("/1/a.mp4", "FAKE"),
        ("/2/b.mp4", "REAL"),
        ("/3/c.mp4", "FAKE"),
        ("/4/c.mp4", "FAKE"),
        ("/5/e.mp4", "REAL"),
    ]
    scored = joined(tmp_path, names, labels(*entries))
    assert [row.truth for row in scored.rows] == ["FAKE", "REAL", None, None, None, None, None]
    assert "2 of 7 videos have no entry in the labels" in scored.notes
    assert "3 of 7 videos share their file name with another, so that no label can be told" in scored.notes


def test_a_truth_of_the_file_stays_and_a_contradiction_is_noted(path: Path) -> None:
    scored = read_results(write_json(path, {"video": columns(ROWS[:2])}), {"a.mp4": "REAL", "b.mp4": "REAL"})
    assert [row.truth for row in scored.rows] == ["FAKE", "REAL"]
    assert any(note.startswith("1 of 2 videos have another label") for note in scored.notes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pred": [0.1, 0.2]}, "column 'pred' of 'video' has 2 rows and 'name' has 3; the file is cut or edited"),
        ({"pred": 0.1}, "column 'pred' of 'video' is 0.1; it must be a list"),
        ({"pred": [0.1, 1.5, 0]}, r"row 1 of 'video': pred is 1.5; it must be a number from 0 to 1: turn logits"),
        ({"pred": [0.1, -0.5, 0]}, "row 1 of 'video': pred is -0.5"),
        ({"pred": [0.1, 10**300, 0]}, "row 1 of 'video': pred is 1000"),
        ({"pred": [0.1, 0.1, "0.5"]}, r"row 2 of 'video': pred is '0.5'; it must be a number"),
        ({"pred": [True, 0.1, 0.1]}, "row 0 of 'video': pred is true; it must be a number"),
        ({"pred": [None, 0.1, 0.1]}, "row 0 of 'video': pred is null.*status no_face or unreadable only"),
        (
            {"pred_label": ["FAKE", "fake", "REAL"]},
            "row 1 of 'video': pred_label is 'fake'; it must be 'FAKE', 'REAL' or",
        ),
        ({"pred_label": ["FAKE", {}, "REAL"]}, "row 1 of 'video': pred_label is an object"),
        (
            {"correct_label": ["FAKE", "maybe\x1b", "REAL"]},
            r"correct_label is 'maybe\\x1b'; it must be .* or 'unknown'",
        ),
        ({"correct_label": ["FAKE", 0, "REAL"]}, "row 1 of 'video': correct_label is 0"),
        ({"name": ["a", ["b"], "c"]}, "row 1 of 'video': name is a list; it must be a text"),
        ({"name": ["a", "\ud800", "c"]}, r"row 1 of 'video': name is '\\ud800'; it must be valid Unicode"),
        ({"klass": ["a", ["b", 1], "c"]}, "row 1 of 'video': klass is 1; it must be a text"),
        (
            {"status": ["ok", "fine", "ok"]},
            "status is 'fine'; it must be 'ok', 'no_face', 'unreadable', 'inconclusive'",
        ),
        ({"groups": [{}, {"a": 1}, {}]}, "row 1 of 'video': groups is 1; it must be a text"),
        ({"groups": [{}, [], {}]}, "row 1 of 'video': groups is a list"),
    ],
)
def test_a_bad_column_is_named_with_its_row(path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(DatasetError, match=message) as caught:
        read_results(write_json(path, {"video": columns(ROWS, **change)}))
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no JSON: Expecting value"),
        (b"{", "is no JSON"),
        (b"\xff\xfe\x00", "is no JSON: 'utf-8' codec"),
        (b"[" * 200_000, "is no JSON"),
        (b'{"video": ' + b"9" * 10_000 + b"}", "is no JSON"),
        (b"3", "holds no results; give a result file with a block 'video'"),
        (b"{}", "holds no results"),
        (b'{"video": []}', "'video' is a list; it must be an object of columns, name, pred"),
        (b'{"video": {"nam": []}}', r"has no column 'name' \(did you mean 'nam'\?\); it needs name, pred"),
        (
            b'{"video": {"name": [], "pred": [], "pred_label": [], "correct_label": []}, "metadata": 3}',
            "'metadata' is no",
        ),
        (b"[3]", "row 0 is no VideoResult"),
        (b'[{"source": "a", "status": "ok"}]', "row 0 is no VideoResult: provenance"),
        (b'[{"result": {}}]', "row 0 is no JournalEntry"),
    ],
)
def test_what_is_no_file_of_results_is_refused(path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=message) as caught:
        read_results(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_json_does_not_know_is_no_number(path: Path, number: str) -> None:
    path.write_text(json.dumps({"video": columns(ROWS)}).replace("0.9", number), encoding="utf-8")
    with pytest.raises(DatasetError, match=f"is no JSON: {number} is no number"):
        read_results(path)


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text(result("a", 0.9).model_dump_json() + "\n\n{\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"out.jsonl: line 3 is no JSON"):
        read_results(path)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"results": []}, "'results' holds 0 results and 'video' 2 rows"),
        ({"results": 3}, "'results' holds no list of results and 'video' 2 rows"),
        ({"results": [{}, {}]}, "row 0 of 'results' is no VideoResult"),
        (
            {"results": [result("a", 0.9).model_dump(mode="json")] * 2},
            "row 1 has the status 'no_face' in 'video' and 'ok' in 'results'",
        ),
    ],
)
def test_results_that_contradict_the_rows_are_refused(path: Path, more: dict[str, Any], message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read_results(write_json(path, own_file(**more)))


def test_a_path_that_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name, message in (
        ("none.json", "is not there"),
        (".", "is no file"),
        ("fifo", "is no file"),
        ("a\0", "is no|cannot be read|is not there"),
    ):
        with pytest.raises(DatasetError, match=message):
            read_results(tmp_path / name)
    monkeypatch.setattr(results_file, "MOST_BYTES", 100)
    with pytest.raises(DatasetError, match="has more than 0 MiB; split it"):
        read_results(write_json(tmp_path / "large.json", {"video": columns(ROWS)}))


def test_many_rows_take_little_time(path: Path) -> None:
    rows = [(f"{number}.mp4", number % 1000 / 1000, ("FAKE", "REAL")[number % 2]) for number in range(20_000)]
    write_json(path, {"video": columns(rows)})
    start = process_time()
    scored = read_results(path, {row[0]: "FAKE" for row in rows[:100]})
    assert process_time() - start < 10  # takes one second; anything quadratic takes minutes
    assert len(scored.rows) == 20_000
