from __future__ import annotations

import json
from pathlib import Path

import pytest

from genconvit.core.errors import ConfigError, DatasetError
from genconvit.inputs.manifest import SourceManifest
from genconvit.video.given import GivenSource


def read(path: Path) -> list[GivenSource]:
    return list(SourceManifest(path))


def reasons(path: Path) -> list[str | None]:
    return [each.error.reason if each.error else None for each in read(path)]


def put(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_csv_brings_its_columns_along_as_text(tmp_path: Path) -> None:
    text = '\ufeffid, path ,note\n007,a.mp4,"x, ""y"""\n,/b/c.mp4,\n\n8,https://host/d.mp4?s=1,=1+1\n'
    manifest = SourceManifest(put(tmp_path / "m.csv", text))
    first, second, third = manifest
    assert (first.path, first.manifest) == (str(tmp_path / "a.mp4"), {"id": "007", "note": 'x, "y"'})
    assert (second.path, second.manifest) == ("/b/c.mp4", {"id": "", "note": ""})
    assert (third.path, third.manifest) == ("https://host/d.mp4?s=1", {"id": "8", "note": "=1+1"})
    assert manifest.count is None
    assert len(list(manifest)) == 3


def test_json_lines_keep_kinds(tmp_path: Path) -> None:
    row = {"path": "a.mp4", "n": 3, "x": 0.5, "yes": True, "none": None, "text": "ü"}
    (source,) = read(put(tmp_path / "m.jsonl", json.dumps(row) + "\n\n"))
    assert source.manifest == {name: value for name, value in row.items() if name != "path"}
    assert [type(value) for value in source.manifest.values()] == [int, float, bool, type(None), str]


def test_parquet_keeps_kinds_and_says_how_many(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {"path": ["a.mp4", None], "n": [3, 4], "x": [0.5, float("nan")], "day": pyarrow.array([0, 1], "date32")}
    parquet.write_table(pyarrow.table(columns), tmp_path / "m.parquet")
    manifest = SourceManifest(tmp_path / "m.parquet")
    first, second = manifest
    assert manifest.count == 2
    assert first.manifest == {"n": 3, "x": 0.5, "day": "1970-01-01"}
    assert second.error is not None
    assert second.error.reason == "it has no path"
    assert second.name.startswith("row 2 of ")


def test_a_row_that_is_none_is_answered_and_the_next_is_read(tmp_path: Path) -> None:
    assert reasons(put(tmp_path / "m.csv", "path,id\na.mp4\n,3\nb.mp4,4\n")) == [
        "1 cells where the header has 2",
        "it has no path",
        None,
    ]
    lines = ["{", "[1]", '{"path": 3}', '{"path": "a", "x": [1]}', '{"path": "a", "x": "' + "x" * 1001 + '"}']
    lines += [json.dumps({"path": "a", **{str(number): 1 for number in range(64)}}), '{"path": "a", "y": NaN}']
    found = reasons(put(tmp_path / "m.jsonl", "\n".join(lines)))
    assert found[0] is not None
    assert found[0].startswith("not JSON (")
    assert found[1:3] == ["not a JSON object", "it has no path"]
    assert found[3:6] == [
        f"row 4 of {str(tmp_path / 'm.jsonl')!r}: its column 'x' holds a list; allowed are text, numbers and truth "
        "values",
        f"row 5 of {str(tmp_path / 'm.jsonl')!r}: its column 'x' holds 1001 characters; at most 1000 are carried along",
        f"row 6 of {str(tmp_path / 'm.jsonl')!r}: it has 65 columns; at most 64 are carried along: leave some out",
    ]
    assert found[6] is None


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("m.csv", "id,label\n", "lacks the column 'path'"),
        ("m.csv", "", "lacks the column 'path'"),
        ("m.csv", "path,a,a\n", "names the column 'a' twice"),
        ("m.csv", "path," + ",".join(map(str, range(64))), "has 65 columns"),
        ("m.csv", "path," + "x" * 101, "a column name of 101 characters"),
        ("m.csv", "path\n\ud800", "not UTF-8"),
        ("m.parquet", "no", "cannot be read as Parquet"),
    ],
)
def test_a_manifest_without_the_right_columns_is_refused_at_once(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(DatasetError, match=message):
        SourceManifest(tmp_path / name)


def test_a_broken_end_is_an_error_after_what_was_read(tmp_path: Path) -> None:
    rows = iter(SourceManifest(put(tmp_path / "m.csv", 'path\na.mp4\n"b.mp4')))
    assert next(rows).path == str(tmp_path / "a.mp4")
    with pytest.raises(DatasetError, match=r"m.csv' cannot be read: unexpected end of data; write it again"):
        next(rows)


def test_another_suffix_or_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none of the suffixes .csv, .jsonl, .parquet"):
        SourceManifest(tmp_path / "clip.mp4")
    with pytest.raises(DatasetError, match="no regular file"):
        SourceManifest(tmp_path / "m.csv")


def test_columns_stay_as_they_are_and_are_valid_text(tmp_path: Path) -> None:
    address = "https://host/v?id=1"
    path = tmp_path / "m.jsonl"
    path.write_text(json.dumps({"path": "a.mp4", "origin": address, "\ud800": "\udcff"}) + "\n")
    (row,) = SourceManifest(path)
    assert row.manifest == {"origin": address, "\\ud800": "\\xff"}
