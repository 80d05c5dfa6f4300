from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from genconvit.core.errors import DatasetError
from genconvit.scale.parts import Parts, Scored, write_part
from part_rows import rows

pytest.importorskip("pyarrow", reason="the extra parquet is not installed")


def test_results_come_in_the_order_that_is_asked_for(tmp_path: Path) -> None:
    for keys in ((5, -3), (9,), (1, 7)):
        write_part(rows(*keys), folder=str(tmp_path))
    parts = Parts(tmp_path)
    assert parts.keys.tolist() == [-3, 1, 5, 7, 9]
    found = [json.loads(text)["source"] for text in parts.results([9, 1, 5, 1, 4])]
    assert found == ["9.mp4", "1.mp4", "5.mp4", "1.mp4"]
    assert parts.has(np.array([4, 5, 10, -4])).tolist() == [False, True, False, False]


def test_a_result_that_was_written_twice_counts_once(tmp_path: Path) -> None:
    write_part(rows(1, 2), folder=str(tmp_path))
    write_part(rows(2, 3), folder=str(tmp_path))
    parts = Parts(tmp_path)
    assert parts.keys.tolist() == [1, 2, 3]
    assert sum(1 for _ in parts.scored(parts.keys)) == 3


def test_it_says_what_came_of_the_sources_that_are_asked_about(tmp_path: Path) -> None:
    write_part(rows(1, 2, status="unreadable"), folder=str(tmp_path))
    write_part(rows(3), folder=str(tmp_path))
    scored = set(Parts(tmp_path).scored(np.array([2, 3, 8])))
    assert scored == {Scored("2.mp4", "unreadable", "why"), Scored("3.mp4", "ok", None)}


def test_a_part_without_a_reason_has_none(tmp_path: Path) -> None:
    answered = rows(1, 2)
    assert str(answered.schema.field("reason").type) == "null"
    written = write_part(answered, folder=str(tmp_path))
    assert written.to_pylist() == [{"source": f"{key}.mp4", "status": "ok", "reason": None} for key in (1, 2)]
    assert [each.reason for each in Parts(tmp_path).scored(np.array([1, 2]))] == [None, None]


def test_an_empty_folder_has_nothing(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    assert parts.has(np.array([1])).tolist() == [False]
    assert list(parts.results([1])) == []


def test_a_part_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "part-x.parquet").write_bytes(b"no part")
    with pytest.raises(DatasetError, match=r"part-x\.parquet is no part of a run .* delete it"):
        Parts(tmp_path)


def test_what_is_half_written_is_no_part(tmp_path: Path) -> None:
    (tmp_path / ".genconvit-0123456789abcdef.partial").write_bytes(b"PAR1")
    assert len(Parts(tmp_path).keys) == 0


def test_failures_that_are_asked_for_are_taken_out(tmp_path: Path) -> None:
    import pyarrow as pa

    write_part(
        pa.concat_tables([rows(1, 2, status="unreadable"), rows(3)], promote_options="default"), folder=str(tmp_path)
    )
    write_part(rows(4, 5, status="unreadable"), folder=str(tmp_path))
    write_part(rows(6), folder=str(tmp_path))
    parts = Parts(tmp_path).without_failures(np.array([2, 3, 4, 5, 6]))
    assert parts.keys.tolist() == [1, 3, 6]
    assert [json.loads(text)["source"] for text in parts.results([6, 3, 1])] == ["6.mp4", "3.mp4", "1.mp4"]
    assert len(list(tmp_path.iterdir())) == 2
