"""Results as rows and texts: the same in Python as from the command line."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from genconvit import VideoResult, results_to_csv, results_to_json, results_to_json_lines, results_to_markdown
from genconvit.results.table import results_table
from scored import result as scored_result

HOSTILE = "=a|b`c`\n\x1b[31m.mp4"


def result(source: str, **fields: Any) -> VideoResult:
    provenance = scored_result("a.mp4", 0.75).provenance
    usual = {"status": "unreadable", "reason": "it is gone", "error_code": "inaccessible", "provenance": provenance}
    return VideoResult(**{"source": source, **usual, **fields})


def scored(source: str, notes: tuple[str, ...] = ()) -> VideoResult:
    answer = {"status": "ok", "label": "FAKE", "fake_probability": 0.75, "reason": None, "error_code": None}
    return result(source, **answer, person="pool", score_rule="mean", notes=notes)


def test_a_row_is_flat_and_says_what_is_not_there() -> None:
    row = scored("a.mp4", ("one", "two")).to_row()
    assert (row["source"], row["fake_probability"], row["notes"]) == ("a.mp4", 0.75, "one; two")
    assert (row["faces"], row["frames"], row["reason"], row["error_code"], row["threshold"]) == (0, 0, None, None, None)
    other = result("b.mp4").to_row()
    assert list(other) == list(row)
    assert (other["status"], other["error_code"], other["fake_probability"]) == ("unreadable", "inaccessible", None)
    assert all(value is None or isinstance(value, (str, int, float)) for value in [*row.values(), *other.values()])


def test_csv_has_the_rows_and_is_no_formula() -> None:
    stream = io.StringIO()
    results_to_csv([scored("a.mp4"), result(HOSTILE)], stream)
    rows = list(csv.DictReader(io.StringIO(stream.getvalue())))
    assert list(rows[0]) == list(scored("a.mp4").to_row())
    assert (rows[0]["source"], rows[0]["fake_probability"], rows[0]["reason"]) == ("a.mp4", "0.75", "")
    assert rows[1]["source"] == "'=a|b`c`\\n\\x1b[31m.mp4"


@pytest.mark.parametrize("write", [results_to_json, results_to_json_lines])
def test_json_gives_every_text_back(write: Any) -> None:
    stream, given = io.StringIO(), [scored("ä.mp4"), result(HOSTILE)]
    write(given, stream)
    text = stream.getvalue()
    read = json.loads(text) if write is results_to_json else [json.loads(line) for line in text.splitlines()]
    assert [VideoResult.model_validate(each) for each in read] == given
    assert text.isascii()


def test_markdown_is_a_table_that_no_name_breaks() -> None:
    stream = io.StringIO()
    results_to_markdown([scored("a.mp4", ("shared",)), result(HOSTILE, notes=("shared",))], stream)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "| source | verdict | fake probability | faces | notes |"
    assert lines[1] == "| --- | --- | ---: | ---: | --- |"
    assert lines[2].startswith("| a.mp4 | FAKE | 0.750 | 0 |")
    assert lines[3].startswith(r"| =a\|b\`c\`\\n\\x1b\[31m.mp4 | unreadable |")
    assert "- all of them: shared" in lines
    assert len([line for line in lines if line.startswith("|")]) == 4


def test_a_column_that_nobody_fills_is_left_out() -> None:
    assert "calibrated" not in results_table([scored("a.mp4")]).header
    assert results_table([]).rows == ()
