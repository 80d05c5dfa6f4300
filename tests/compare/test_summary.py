from __future__ import annotations

import csv
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from genconvit.compare.comparison_folder import new_folder, write_comparison
from genconvit.compare.summary import ranks, summary_of
from genconvit.compare.variant_names import with_own_names
from genconvit.core.errors import ConfigError
from genconvit.evaluation.conventions import EvaluationOptions
from genconvit.evaluation.evaluated import Evaluated
from genconvit.evaluation.evaluation import evaluate
from genconvit.evaluation.paired import compare_sets
from genconvit.evaluation.scored import ScoredSet, ScoredVideo
from genconvit.evaluation.tables import Report, Table
from genconvit.metrics.intervals import Resampling
from scored import many, scored_set, video

QUICK = EvaluationOptions(resampling=Resampling(resamples=20))


def evaluated(rows: list[ScoredVideo], name: str, trained: bool | None = True, **metadata: Any) -> Evaluated:
    scored = scored_set(*rows, name=name, trained=trained).model_copy(update={"metadata": metadata})
    return Evaluated(scored, evaluate(scored, QUICK))


def better(rows: list[ScoredVideo]) -> list[ScoredVideo]:
    """Give the same videos scores that are all right."""
    return [
        row.model_copy(update={"score": 0.9 if row.truth == "FAKE" else 0.1, "predicted": row.truth}) for row in rows
    ]


def summary(*sets: Evaluated) -> Report:
    pairs = [compare_sets(other.scored, sets[0].scored, QUICK) for other in sets[1:]]
    return summary_of(sets, pairs)


def table(report: Report, title: str) -> Table:
    (found,) = [each for each in report.tables if each.title.startswith(title)]
    return found


@pytest.fixture
def sets() -> list[Evaluated]:
    rows = many()
    costs: dict[str, Any] = {"faces": 80, "load_seconds": 1.25, "score_seconds": 2.0, "peak_mb": 512.0}
    return [
        evaluated(rows, "plain", **costs),
        evaluated(better(rows), "better"),
        evaluated(rows, "chance", trained=False),
    ]


def test_the_best_comes_first_and_untrained_ones_have_no_rank(sets: list[Evaluated]) -> None:
    assert ranks(sets) == [2, 1, None]
    rows = table(summary(*sets), "Variants").rows
    assert [row[:3] for row in rows] == [
        ("1", "better", ""),
        ("2", "plain", ""),
        ("", "chance", "untrained: no verdict"),
    ]


def test_equal_ones_share_a_rank() -> None:
    rows = many()
    sets = [evaluated(rows, "a"), evaluated(better(rows), "b"), evaluated(better(rows), "c")]
    assert ranks(sets) == [3, 1, 1]


def test_a_warm_start_is_marked() -> None:
    (row,) = table(summary(evaluated(many(), "v2", weights_origin="warm_start")), "Variants").rows
    assert row[2] == "warm start: the original's scores"


def test_other_videos_get_no_rank() -> None:
    sets = [evaluated(many(), "a"), evaluated(many(30), "b")]
    assert ranks(sets) == [None, None]
    assert "these are not the same videos, so that nothing has a rank" in summary(*sets).lines


def test_costs_stand_beside_each_variant(sets: list[Evaluated]) -> None:
    by_name = {row[1]: row[-4:] for row in table(summary(*sets), "Variants").rows}
    assert by_name["plain"] == ("80", "1.25", "2.00", "512")
    assert by_name["better"] == ("not known",) * 4


def test_differences_are_paired_and_say_how_often_they_vanish(sets: list[Evaluated]) -> None:
    rows = {row[0]: row for row in table(summary(*sets), "Differences").rows}
    assert rows["better"][1:3] == ("plain", "40")
    assert "other side" in rows["better"][4]
    assert float(rows["better"][4].split()[0]) > 0
    assert rows["chance"][3].startswith("not defined")


def test_videos_on_different_sides_are_named_the_furthest_apart_first() -> None:
    rows = [
        video("FAKE", 0.9, name="same.mp4"),
        video("FAKE", 0.6, name="near.mp4"),
        video("REAL", 0.1, name="far.mp4"),
    ]
    moved = [row.model_copy(update={"score": score}) for row, score in zip(rows, (0.8, 0.4, 0.95), strict=True)]
    shown = table(summary(evaluated(rows, "a"), evaluated(moved, "b")), "Videos on different sides")
    assert shown.rows == (("far.mp4", "REAL", "0.100", "0.950"), ("near.mp4", "FAKE", "0.600", "0.400"))


def test_without_labels_only_scores_and_costs_are_shown() -> None:
    rows = [video(None, 0.9, name="a.mp4"), video(None, None, name="b.mp4", status="no_face")]
    report = summary(evaluated(rows, "one"), evaluated(rows, "two"))
    assert [each.title for each in report.tables] == ["Variants", "Scores (2)"]
    assert table(report, "Scores").rows[1] == ("b.mp4", "unknown", "no face", "no face")
    assert any("no label is known" in line for line in report.lines)


def test_a_report_is_a_folder_of_tables_and_pictures(sets: list[Evaluated], tmp_path: Path) -> None:
    write_comparison(sets, QUICK, tmp_path, plots=True)
    pictures = sorted(path.name for path in tmp_path.glob("*.png"))
    assert pictures == ["agreement.png", "confusion.png", "curves.png", "measures.png", "scores.png"]
    for name in pictures:
        with Image.open(tmp_path / name) as image:
            assert min(image.size) > 200
            assert len(image.convert("L").getcolors() or ()) > 20
    text = (tmp_path / "summary.md").read_text()
    assert text.startswith("# Comparison\n")
    assert all(f"]({name})" in text for name in pictures)
    with (tmp_path / "variants.csv").open() as stream:
        variants = {row["variant"]: row for row in csv.DictReader(stream)}
    assert (variants["better"]["rank"], variants["better"]["roc_auc"]) == ("1", "1.0")
    assert (variants["chance"]["rank"], variants["chance"]["accuracy"]) == ("", "")
    with (tmp_path / "videos.csv").open() as stream:
        videos = list(csv.DictReader(stream))
    assert len(videos) == 40
    assert (videos[1]["truth"], videos[1]["better score"], videos[1]["better label"]) == ("FAKE", "0.9", "FAKE")
    read = json.loads((tmp_path / "summary.json").read_text())
    assert read["ranks"] == {"plain": 2, "better": 1, "chance": None}
    assert [each["name"] for each in read["evaluations"]] == ["plain", "better", "chance"]
    assert [each["one"] for each in read["differences"]] == ["better", "chance"]


@pytest.mark.parametrize("count", [0, 2])
def test_hardly_any_videos_still_make_a_report(count: int, tmp_path: Path) -> None:
    rows = many(count)
    write_comparison([evaluated(rows, "a"), evaluated(rows, "b")], QUICK, tmp_path, plots=True)
    assert (tmp_path / "scores.png").stat().st_size > 1000


def test_hostile_names_steer_nothing(tmp_path: Path) -> None:
    rows = [video("FAKE", 0.9, name="=cmd|x\x1b[31m$a$<b>.mp4"), video("REAL", 0.2, name="@x")]
    moved = [row.model_copy(update={"score": 1 - (row.score or 0)}) for row in rows]
    write_comparison([evaluated(rows, "=1+1"), evaluated(moved, "b|$c$")], QUICK, tmp_path, plots=False)
    assert "\x1b" not in (tmp_path / "summary.md").read_text()
    assert "\n=" not in (tmp_path / "videos.csv").read_text()
    assert "\n=" not in (tmp_path / "variants.csv").read_text()


def test_folders_are_new_ones(tmp_path: Path) -> None:
    time = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    names = [new_folder(tmp_path / "out", "dfdc", time).name for _ in range(2)]
    assert names == ["comparison_dfdc_2026-01-02_03-04-05", "comparison_dfdc_2026-01-02_03-04-05-2"]
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be made"):
        new_folder(tmp_path / "file", "dfdc", time)


def test_sets_from_files_are_called_after_their_variants_where_these_differ() -> None:
    def named(name: str, **metadata: Any) -> ScoredSet:
        return ScoredSet(name=name, trained=True, rows=(), metadata=metadata)

    sets = [named("file_a", variant="v2"), named("file_b", variant="original"), named("file_c", variant="original")]
    assert [each.name for each in with_own_names(sets)] == ["v2", "file_b", "file_c"]
    assert [each.name for each in with_own_names([named("same"), named("same")])] == ["same", "same (2)"]
