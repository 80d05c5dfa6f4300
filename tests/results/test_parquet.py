from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from genconvit import VideoResult
from genconvit.results.parquet import results_to_parquet
from scored import result

parquet = pytest.importorskip("pyarrow.parquet")


def test_a_row_is_that_of_a_spreadsheet_and_the_whole_result() -> None:
    given = [result("a.mp4", 0.75), result("b.mp4", None), result("=c|\n.mp4", None, status="unreadable", reason="bad")]
    stream = io.BytesIO()
    results_to_parquet(given, stream)
    rows = parquet.read_table(stream).to_pylist()
    assert [{name: row[name] for name in given[0].to_row()} for row in rows] == [each.to_row() for each in given]
    assert [VideoResult.model_validate_json(row["result"]) for row in rows] == given


def test_columns_have_their_types_where_nothing_is_in_them() -> None:
    stream = io.BytesIO()
    results_to_parquet([result("b.mp4", None)], stream)
    types = {field.name: str(field.type) for field in parquet.read_table(stream).schema}
    assert {name for name, kind in types.items() if kind == "double"} == {
        "fake_probability",
        "calibrated_probability",
        "threshold",
        "published_score",
    }
    assert {name for name, kind in types.items() if kind == "int64"} == {"faces", "poor_faces", "tracks", "frames"}
    assert set(types.values()) == {"double", "int64", "string"}


def test_many_rows_and_an_early_end_leave_a_whole_file() -> None:
    def given() -> Iterator[VideoResult]:
        yield from (result(f"{number}.mp4", 0.5) for number in range(1100))
        raise KeyboardInterrupt

    stream = io.BytesIO()
    with pytest.raises(KeyboardInterrupt):
        results_to_parquet(given(), stream)
    assert parquet.read_table(stream).column("source").to_pylist() == [f"{number}.mp4" for number in range(1100)]


def test_nothing_is_written_where_there_is_no_result() -> None:
    stream = io.BytesIO()
    results_to_parquet([], stream)
    assert stream.getvalue() == b""
