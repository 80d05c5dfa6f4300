from __future__ import annotations

import time
from pathlib import Path

import pytest

from genconvit.core.errors import DatasetError
from genconvit.data.listing import list_dataset

from .conftest import Files, put


def test_rows_become_sources_with_splits_and_groups(files: Files) -> None:
    root = files("a.mp4", "sub/b.mp4", "frames/1.jpg", "c.mp4")
    outside = root / "c.mp4"
    text = (
        "path,label,split,group,camera\n"
        f"a.mp4,fake,test,x,phone\nsub/../sub/b.mp4,Real,valid,,\nframes,,,,\n{outside},REAL,holdout,y,\n"
    )
    listing = list_dataset("csv", put(root / "l.csv", text))
    assert [(each.label, each.split, each.groups) for each in listing.sources] == [
        ("FAKE", "test", {"group": "x", "camera": "phone"}),
        ("REAL", "val", {}),
        (None, None, {}),
        ("REAL", "holdout", {"group": "y"}),
    ]
    assert listing.sources[1].path == str(root / "sub" / "b.mp4")
    assert [each.name for each in list_dataset("csv", root / "l.csv", "val").sources] == ["sub/../sub/b.mp4"]


def test_what_is_not_there_or_no_source_is_said_with_its_line(files: Files) -> None:
    root = files("a.mp4", "empty/notes.txt")
    text = "path,label\na.mp4,FAKE\ngone.mp4,REAL\nempty,REAL\n,REAL\n./a.mp4,FAKE\na\0b.mp4,FAKE\na.mp4/x,FAKE\n"
    listing = list_dataset("csv", put(root / "labels.csv", text))
    assert [each.name for each in listing.sources] == ["a.mp4"]
    assert [each.reason for each in listing.missing] == ["line 3: no such file", "line 8: no such file"]
    assert [each.reason for each in listing.skipped] == [
        "line 4: a folder without an image",
        "line 5: the path is empty",
        "named again in line 6; line 2 counts",
        "line 7: not a path",
    ]


@pytest.mark.parametrize("label", ["0", "1", "manipulated"])
def test_a_label_that_could_mean_anything_is_refused(files: Files, label: str) -> None:
    root = files("a.mp4")
    with pytest.raises(DatasetError, match=rf"line 2: label '{label}' is not allowed; write FAKE or REAL"):
        list_dataset("csv", put(root / "labels.csv", f"path,label\na.mp4,{label}\n"))


def test_contradictory_labels_are_an_error_that_names_both_lines(files: Files) -> None:
    root = files("a.mp4")
    with pytest.raises(DatasetError, match=r"'./a.mp4' is REAL in line 3 and FAKE in line 2"):
        list_dataset("csv", put(root / "labels.csv", "path,label\na.mp4,FAKE\n./a.mp4,REAL\n"))


def test_a_folder_is_not_a_csv(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is a folder; give the CSV file"):
        list_dataset("csv", tmp_path)


def test_ten_times_the_rows_take_about_ten_times_as_long(files: Files) -> None:
    few, many = (seconds_for(files("a.mp4"), rows) for rows in (3_000, 30_000))
    assert many < 40 * few  # 100 times where each row looks at all


def seconds_for(root: Path, count: int) -> float:
    """The processor time that a list of so many absent videos takes."""
    rows = "".join(f"{number}.mp4,FAKE\n" for number in range(count))
    path = put(root / "labels.csv", f"path,label\na.mp4,REAL\n{rows}")
    start = time.process_time()
    assert len(list_dataset("csv", path).missing) == count
    return time.process_time() - start


def test_identities_are_parted_by_semicolons_and_are_no_group(files: Files) -> None:
    root = files("a.mp4", "b.mp4")
    text = "path,label,Identity\na.mp4,FAKE, anna; b.mp4 ;\nb.mp4,REAL,\n"
    listing = list_dataset("csv", put(root / "labels.csv", text))
    assert [(each.identities, each.groups) for each in listing.sources] == [(("anna", "b.mp4"), {}), ((), {})]


def test_an_original_is_a_real_row_by_its_path_and_no_group(files: Files) -> None:
    root = files("real/a.mp4", "f.mp4", "g.mp4", "h.mp4", "i.mp4")
    text = (
        "path,label,original,tool\nreal/a.mp4,REAL,,\nf.mp4,FAKE,real/../real/a.mp4,x\ng.mp4,FAKE,gone.mp4,\n"
        "h.mp4,FAKE,f.mp4,\ni.mp4,REAL,real/a.mp4,\n"
    )
    sources = list_dataset("csv", put(root / "l.csv", text)).sources
    assert [each.original for each in sources] == [None, "real/a.mp4", None, None, None]
    assert [each.groups for each in sources] == [{}, {"tool": "x"}, {}, {}, {}]


def test_a_clip_that_is_named_as_video_and_as_frames_counts_once(files: Files) -> None:
    root = files("videos/a.mp4", "frames/a/1.png", "faces/b/1.png")
    (root / "link.mp4").symlink_to(root / "videos" / "a.mp4")
    rows = "path,label\nframes/a,FAKE\nvideos/a.mp4,FAKE\nfaces/b,REAL\nlink.mp4,FAKE\n"
    listing = list_dataset("csv", put(root / "labels.csv", rows))
    assert [each.name for each in listing.sources] == ["videos/a.mp4", "faces/b"]
    assert {each.name: each.reason for each in listing.skipped} == {
        "frames/a": "a copy of videos/a.mp4, which is used",
        "link.mp4": "named again in line 5; line 3 counts",
    }
    assert listing.notes[0].startswith("a clip in several copies counts once: 1 left out, the first 'frames/a'")
    with pytest.raises(DatasetError, match=r"'frames/a' is REAL in line 2, and 'videos/a.mp4', the same clip, is FAKE"):
        list_dataset("csv", put(root / "labels.csv", rows.replace("frames/a,FAKE", "frames/a,REAL")))
