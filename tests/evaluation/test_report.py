from __future__ import annotations

import csv
import io
import json

import pytest
from rich.console import Console

from genconvit.evaluation.conventions import EvaluationOptions
from genconvit.evaluation.evaluation import Evaluation, evaluate
from genconvit.evaluation.report import print_report, write_csv, write_json, write_markdown
from genconvit.evaluation.scored import ScoredVideo
from genconvit.evaluation.tables import report_of
from genconvit.metrics.intervals import Resampling
from genconvit.metrics.measures import MEASURES
from scored import many, scored_set, video

HOSTILE = "\x1b[31m|`=x`\n[bold]<b>\u202e"


def evaluated(*rows: ScoredVideo, name: str = "set", resamples: int = 20) -> Evaluation:
    return evaluate(scored_set(*rows, name=name), EvaluationOptions(resampling=Resampling(resamples=resamples)))


def printed(*evaluations: Evaluation, terminal: bool = False, width: int = 10_000) -> str:
    stream = io.StringIO()
    print_report(report_of(evaluations), Console(file=stream, width=width, force_terminal=terminal, color_system=None))
    return stream.getvalue()


def markdown(*evaluations: Evaluation) -> str:
    stream = io.StringIO()
    write_markdown(report_of(evaluations), stream)
    return stream.getvalue()


def csv_rows(*evaluations: Evaluation) -> list[dict[str, str]]:
    stream = io.StringIO()
    write_csv(evaluations, stream)
    return list(csv.DictReader(io.StringIO(stream.getvalue())))


def test_a_number_stands_beside_its_interval() -> None:
    found = evaluated(*many())
    measure = found.measures["accuracy"]
    assert measure.value is not None
    assert measure.low is not None
    assert measure.high is not None
    cell = f"{100 * measure.value:.3f} % ({100 * measure.low:.3f} to {100 * measure.high:.3f})"
    assert cell in printed(found)
    assert cell in markdown(found)
    assert "20 resamples, seed 0" in printed(found)


def test_on_a_terminal_an_interval_stands_below_its_number() -> None:
    found = evaluated(*many())
    assert f"{100 * (found.measures['accuracy'].value or 0):.3f} % │" in printed(found, terminal=True).replace("  ", "")


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("files", [1, 2, 5])
def test_tables_fit_80_columns_and_no_number_is_broken(terminal: bool, files: int) -> None:
    rows = [*many(200, groups={"method": "NeuralTextures"}, faces=(0.5,)), *many(20, groups={"method": "Deepfakes"})]
    name = "prediction_faceforensics_genconvit_original_2026-11-28_08-00-0"
    found = [evaluated(*rows, name=f"{name}{number}") for number in range(files)]
    lines = printed(*found, terminal=terminal, width=80 if terminal else 10_000).splitlines()
    assert max(len(line) for line in lines if line and line[0] in "┏┃┡│└") <= 80
    cells = {cell.strip() for line in lines for cell in line.split("│")}
    measured = {name: measure for name, measure in found[-1].measures.items() if name != "recall"}
    assert sum(measure.low is not None for measure in measured.values()) > 10
    for name, measure in measured.items():
        if measure.value is not None and measure.low is not None and measure.high is not None:
            percent = MEASURES[name].percent
            value, low, high = (
                f"{100 * end:.3f}" if percent else f"{end:.4f}" for end in (measure.value, measure.low, measure.high)
            )
            number = f"{value} %" if percent else value
            assert {number, f"({low} to {high})"} <= cells or f"{number} ({low} to {high})" in cells


def test_what_is_not_defined_has_a_footnote_and_each_reason_one() -> None:
    text = printed(evaluated(video("REAL", 0.1), video("REAL", 0.2)), evaluated(*many(), resamples=0))
    assert text.count("there are no fakes") == 1
    assert text.count("no interval: an interval needs 10 videos") == 1
    assert text.count("no interval: no resamples were asked for") == 1
    assert "not defined (" in text


@pytest.mark.parametrize("rows", [[], [video("FAKE", 0.5)], many(4)], ids=["none", "one", "four"])
def test_no_report_says_nan(rows: list[ScoredVideo]) -> None:
    found = evaluated(*rows)
    stream = io.StringIO()
    write_json([found], stream)
    texts = [printed(found), markdown(found), str(csv_rows(found)), stream.getvalue()]
    assert not any("nan" in text.lower().replace("resamples", "") for text in texts)


def test_groups_and_faces_have_tables_where_there_are_any() -> None:
    plain = evaluated(*many())
    rich = evaluated(*many(20, groups={"m": "A"}, faces=(0.5,)), *many(20, groups={"m": "B"}))
    assert "Groups" not in printed(plain)
    assert "Faces" not in printed(plain)
    assert "m=A" in printed(plain, rich)
    assert "Faces" in printed(plain, rich)


def test_a_group_of_everything_is_not_repeated_in_a_table() -> None:
    found = evaluated(*many(groups={"m": "A"}))
    assert "Groups" not in printed(found)
    assert any(row["group"] == "m=A" for row in csv_rows(found))


def test_what_was_left_out_is_named_up_to_ten() -> None:
    rows = [video("FAKE", name=f"{number}.mp4", status="unreadable", reason="torn") for number in range(12)]
    text = printed(evaluated(*many(), *rows))
    assert "set: unreadable: 0.mp4 (torn), 1.mp4 (torn)" in text
    assert "9.mp4 (torn), and 2 more" in text


def test_csv_has_a_row_for_each_measure_of_each_level_and_group() -> None:
    rows = csv_rows(evaluated(*many(20, groups={"m": "A"}, faces=(0.6,)), *many(20, seed=1)))
    levels = {level: [row for row in rows if row["level"] == level] for level in ("counts", "videos", "faces")}
    assert len(levels["videos"]) == 2 * len(MEASURES)
    assert len(levels["faces"]) == len(MEASURES)
    assert {row["measure"]: row["value"] for row in levels["counts"]}["videos"] == "40"
    (undefined,) = [row for row in levels["faces"] if row["measure"] == "roc_auc"]
    assert (undefined["value"], undefined["why_not"]) == ("", "every score is the same")


def test_json_gives_evaluations_back() -> None:
    found = evaluated(*many(), video("FAKE", name=HOSTILE, status="no_face"), name=HOSTILE)
    stream = io.StringIO()
    write_json([found], stream)
    assert stream.getvalue().isascii()
    assert [Evaluation.model_validate(each) for each in json.loads(stream.getvalue())] == [found]


def test_no_text_of_a_file_steers_its_reader() -> None:
    rows = [video("FAKE", 0.9, groups={HOSTILE: HOSTILE}), video("REAL", name=HOSTILE, status="no_face"), *many()]
    found = evaluated(*rows, name=HOSTILE)
    for text in (printed(found), markdown(found), "".join(map(str, csv_rows(found)))):
        assert not set(text) & {"\x1b", "\u202e"}
        assert "bold" in text
    escaped = markdown(found)
    assert r"\|\`=x\`" in escaped
    assert "<b>" not in escaped.replace(r"\<b\>", "")
    tables = [line for line in escaped.splitlines() if line.startswith("|")]
    first = [line.replace(r"\|", "").count("|") for line in tables[:3]]
    assert first == [3, 3, 3]


def test_a_csv_cell_is_no_formula() -> None:
    rows = csv_rows(evaluated(*many(groups={"=1+1": "x"}), name="=cmd()"))
    assert {row["file"] for row in rows} == {"'=cmd()"}
    assert {row["group"] for row in rows} == {"", "'=1+1=x"}
