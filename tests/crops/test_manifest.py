from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from genconvit.core.errors import ConfigError, DatasetError
from genconvit.crops import manifest
from genconvit.crops.folder import read_crops
from genconvit.crops.manifest import write_manifest
from genconvit.crops.record import CropRecord

RECORDS = (
    CropRecord(
        crop="train/fake/a_frame000003_0.png",
        label="FAKE",
        split="train",
        video='=dfdc/"a", b.mp4',
        frame_index=3,
        track=0,
        box=(-1.5, 2.0, 30.25, 1 / 3),
        square=(-2.0, 1.0, 31.0, 34.0),
        landmarks=((1.5, -2.25), (3.0, 4.0), (5.0, 6.0), (7.0, 8.0), (9.0, 10.0)),
        confidence=0.875,
        groups={"method": "swap", "Camera": "-1", "quoted": "'=x"},
    ),
    CropRecord(crop="test/real/b.jpg", label="REAL", split="test", video="b\n ü ", groups={"method": " "}),
    CropRecord(crop="valid/real/c.jpg", label="REAL", split="valid", video="'c", landmarks=((0.1, 0.2),)),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for record in RECORDS:
        (tmp_path / record.crop).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / record.crop).write_bytes(b"not opened")
    return tmp_path


def test_reading_gives_back_what_was_written(root: Path) -> None:
    written = write_manifest(root, RECORDS)
    assert read_crops(root).records == RECORDS
    assert find_spec("pyarrow") is None or [path.name for path in written] == ["manifest.csv", "manifest.parquet"]
    assert not list(root.glob(".*"))


def test_parquet_holds_the_same_rows_and_is_read_where_it_is_alone(root: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_manifest(root, RECORDS)
    table = parquet.read_table(root / "manifest.parquet")
    with (root / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        assert table.column_names == next(csv.reader(stream))
    assert {str(table.schema.field(name).type) for name in ("box_left", "landmark_4_y", "confidence")} == {"double"}
    (root / "manifest.csv").unlink()
    assert read_crops(root).records == RECORDS


def test_a_folder_without_crops_has_a_manifest_without_rows(tmp_path: Path) -> None:
    write_manifest(tmp_path, [])
    assert read_crops(tmp_path).records == ()


def test_no_cell_is_a_formula(root: Path) -> None:
    write_manifest(root, RECORDS)
    with (root / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        row = next(csv.DictReader(stream))
    assert row["video"] == '\'=dfdc/"a", b.mp4'
    assert (row["group_Camera"], row["group_quoted"], row["box_left"]) == ("'-1", "''=x", "-1.5")


def test_without_pyarrow_an_old_parquet_file_goes_and_one_alone_is_an_error(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "manifest.parquet").write_bytes(b"old")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr(manifest, "find_spec", lambda _: None)
    assert [path.name for path in write_manifest(root, RECORDS)] == ["manifest.csv"]
    (root / "manifest.csv").rename(root / "manifest.parquet")
    with pytest.raises(ConfigError, match=r"pip install 'genconvit\[train\]'"):
        read_crops(root)


GOOD = {"crop": "a.png", "label": "FAKE", "split": "train", "video": "v"}


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"crop": "../a.png"}, r"crop '../a.png' is no path below the folder"),
        ({"crop": "/etc/passwd"}, "is no path below"),
        ({"crop": "..\\a.png"}, "is no path below"),
        ({"crop": ""}, "is no path below"),
        ({"label": "1"}, "label '1' is not allowed; write FAKE or REAL"),
        ({"split": "trian"}, "split 'trian' is not allowed; write train, valid, test"),
        ({"split": ""}, "split '' is not allowed"),
        ({"confidence": "nan"}, "confidence='nan'"),
        ({"confidence": "1.5"}, "confidence='1.5'"),
        ({"frame_index": "-1"}, "frame_index='-1'"),
        ({"frame_index": "x" * 999}, "frame_index"),
        ({"box_left": "1"}, "box"),
        ({"box_left": "inf", "box_top": "0", "box_right": "1", "box_bottom": "1"}, "box"),
        ({"landmark_0_x": "1"}, "landmarks"),
        ({"landmark_0_x": "1", "landmark_0_y": "NaN"}, "landmarks"),
        ({"landmark_0_x": "1e300", "landmark_0_y": "1"}, "lies farther off"),
        ({"landmark_0_x": "", "landmark_0_y": "", "landmark_1_x": "1", "landmark_1_y": "1"}, "a landmark lacks"),
    ],
)
def test_a_hostile_row_is_an_error_that_names_its_line(tmp_path: Path, cells: dict[str, str], message: str) -> None:
    row = {**GOOD, **cells}
    with (tmp_path / "manifest.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(row))
        writer.writeheader()
        writer.writerow(row)
    with pytest.raises(DatasetError, match=rf"manifest.csv', line 2: .*{message}"):
        read_crops(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "lacks the column 'crop'"),
        ("crop,label,video\n", "lacks the column 'split'"),
        ("crop,label,split,crop\n", "names the column 'crop' twice"),
        ("crop,label,split\na.png,FAKE\n", "line 2: 2 cells where the header has 3"),
        ('crop,label,split\n"a.png,FAKE,train\n', "not CSV"),
        ("crop,label,split," + ",".join(f"landmark_{n}_x" for n in range(1001)) + "\n", "1001 landmarks"),
    ],
)
def test_a_damaged_manifest_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "manifest.csv").write_text(text)
    with pytest.raises(DatasetError, match=message):
        read_crops(tmp_path)


def test_too_many_rows_are_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_manifest(root, RECORDS)
    monkeypatch.setattr(manifest, "MOST_ROWS", 2)
    with pytest.raises(DatasetError, match="more than the 2 rows"):
        read_crops(root)


def test_a_damaged_or_hostile_parquet_file_is_an_error(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    pyarrow = pytest.importorskip("pyarrow")
    path = tmp_path / "manifest.parquet"
    path.write_bytes(b"PAR1 no, it is not")
    with pytest.raises(DatasetError, match="cannot be read as Parquet"):
        read_crops(tmp_path)
    hostile: tuple[dict[str, list[object]], ...] = (
        {"crop": [3]},
        {"label": [0]},
        {"video": [["v"]]},
        {"confidence": [float("nan")]},
        {"box_left": [b"\xff"]},
    )
    for cells in hostile:
        columns = {**{name: [value] for name, value in GOOD.items()}, **cells}
        parquet.write_table(pyarrow.table(columns), path)
        with pytest.raises(DatasetError, match=r"manifest.parquet', row 0: "):
            read_crops(tmp_path)


def test_rows_are_made_while_they_are_written_and_never_all_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(manifest, "_ROWS_AT_ONCE", 10)
    alive: list[int] = []

    class Counted(CropRecord):
        """A record that is counted while it is there."""

        def __del__(self) -> None:
            alive[-1] -= 1

    class Records:
        """A hundred records, made anew at each iteration."""

        most = 0

        def __iter__(self) -> Iterator[CropRecord]:
            alive.append(0)
            for number in range(100):
                alive[-1] += 1
                self.most = max(self.most, alive[-1])
                yield Counted(crop=f"{number}.png", label="FAKE", split="train", video=str(number))

    records = Records()
    write_manifest(tmp_path, records)
    assert len(alive) == 2
    assert records.most < 20
    for name in ("manifest.csv", "manifest.parquet"):
        rows = manifest.read_manifest(tmp_path)
        assert rows is not None
        assert [record.crop for _, record in rows] == [f"{number}.png" for number in range(100)]
        (tmp_path / name).unlink()


def test_an_iterator_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="iterated twice"):
        write_manifest(tmp_path, iter(RECORDS))
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_what_was_there(root: Path) -> None:
    write_manifest(root, RECORDS)
    before = {path.name: path.read_bytes() for path in root.glob("manifest.*")}

    class Failing:
        """Records of which the last cannot be had the second time."""

        times = 0

        def __iter__(self) -> Iterator[CropRecord]:
            self.times += 1
            yield RECORDS[0]
            if self.times == 2:
                raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        write_manifest(root, Failing())
    assert {path.name: path.read_bytes() for path in root.iterdir() if path.is_file()} == before


def test_a_row_is_read_before_the_next_is_looked_at(root: Path) -> None:
    write_manifest(root, RECORDS)
    (root / "manifest.csv").write_text((root / "manifest.csv").read_text() + "x" * (1 << 20))
    rows = manifest.read_manifest(root)
    assert rows is not None
    assert [next(rows)[1] for _ in RECORDS] == list(RECORDS)
    with pytest.raises(DatasetError, match="has a line longer than 1,048,576 characters"):
        next(rows)


def test_a_row_group_that_unfolds_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")
    write_manifest(root, RECORDS)
    (root / "manifest.csv").unlink()
    monkeypatch.setattr(manifest, "MOST_BYTES", 100)
    with pytest.raises(DatasetError, match="has a row group of more than 100 bytes"):
        read_crops(root)
