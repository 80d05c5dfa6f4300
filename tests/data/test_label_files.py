from __future__ import annotations

from pathlib import Path

import pytest

from genconvit.core.errors import DatasetError
from genconvit.data.label_files import RepeatedKeys, read_json, read_rows, read_text, reference_list
from support import shared

from .conftest import put


@pytest.mark.parametrize(
    ("content", "reason"),
    [("", "Expecting value"), ("{", "Expecting"), ("[" * 200_000, "nested too deeply"), ("1" * 5000, "digits")],
    ids=["empty", "cut short", "nested", "a long number"],
)
def test_what_is_not_json_is_an_error_that_names_the_file(tmp_path: Path, content: str, reason: str) -> None:
    with pytest.raises(DatasetError, match=rf"labels.json' is not the JSON that it should be: .*{reason}"):
        read_json(put(tmp_path / "labels.json", content))


def test_the_first_of_repeated_keys_counts_and_the_others_are_kept(tmp_path: Path) -> None:
    value = read_json(put(tmp_path / "a.json", '{"a": 1, "b": 2, "a": 3}'))
    assert value == {"a": 1, "b": 2}
    assert isinstance(value, RepeatedKeys)
    assert value.repeated == [("a", 3)]


def test_a_file_that_is_too_long_absent_binary_or_a_folder_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genconvit.data.label_files.MOST_BYTES", 10)
    with pytest.raises(DatasetError, match="longer than the 10 bytes"):
        read_text(put(tmp_path / "long", "x" * 11))
    with pytest.raises(DatasetError, match="No such file"):
        read_text(tmp_path / "absent")
    with pytest.raises(DatasetError, match="not a regular file"):
        read_text(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(DatasetError, match="not UTF-8"):
        read_text(tmp_path / "binary")


def test_rows_come_with_their_lines_and_without_a_byte_order_mark(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", '\ufeffPath , label,\n"a,b.mp4", FAKE,\n\nc.mp4,REAL,\n')
    assert list(read_rows(path, ("path", "label"))) == [
        (2, {"path": "a,b.mp4", "label": "FAKE"}),
        (4, {"path": "c.mp4", "label": "REAL"}),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "lacks the column 'path'; it has none"),
        ("path;label\n", "lacks the column 'path'; it has 'path;label'"),
        ("path,label,path\n", "names the column 'path' twice"),
        ("path,label\na,b.mp4,FAKE\n", "line 2: 3 cells where the header has 2"),
        ('path,label\n"a.mp4,FAKE\n', "not CSV"),
        ("path,label\n" + "x" * 200_000 + ",FAKE\n", "not CSV"),
    ],
    ids=["empty", "semicolons", "twice", "too many", "an open quote", "a long cell"],
)
def test_a_csv_that_is_damaged_is_an_error_that_names_the_place(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        list(read_rows(put(tmp_path / "a.csv", content), ("path", "label")))


@pytest.mark.parametrize(
    ("name", "count", "file"),
    [("dfdc", 400, "dfdc_files"), ("faceforensics", 407, "ff_file_list"), ("celeb_df", 518, "celeb_test")],
)
def test_the_references_lists_ship_with_the_library(name: str, count: int, file: str) -> None:
    names = reference_list(name)
    assert len(set(names)) == len(names) == count
    assert names == read_json(shared("lists", f"{file}.json"))
