from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from support import grey_frames, make_video

from .conftest import Run


def write(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"not opened")
    return root


def test_list_names_every_data_set_with_its_splits(run: Callable[..., Run]) -> None:
    listed = run("datasets", "list")
    assert listed.status == 0
    for text in ("dfdc", "faceforensics", "celeb-df", "timit", "folder", "csv", "reference", "List_of_testing_videos"):
        assert text in listed.out


def test_check_counts_labels_splits_and_groups(run: Callable[..., Run], tmp_path: Path) -> None:
    write(tmp_path, "a.mp4", "b.mp4")
    labels = tmp_path / "labels.csv"
    labels.write_text("path,label,camera\na.mp4,FAKE,phone\nb.mp4,,\n")
    checked = run("datasets", "check", "csv", labels)
    assert checked.status == 0
    assert checked.out.splitlines() == [
        "csv, split all: 2 to score",
        "  label:",
        "    1  FAKE",
        "    1  unknown",
        "  split:",
        "    2  none",
        "  camera:",
        "    1  phone (FAKE)",
        "missing: 0",
        "skipped: 0",
    ]


def test_check_ends_with_3_where_something_is_missing_and_prints_ten(run: Callable[..., Run], tmp_path: Path) -> None:
    write(tmp_path, "a.mp4")
    labels = tmp_path / "labels.csv"
    labels.write_text("path,label\na.mp4,FAKE\n" + "".join(f"{number}.mp4,REAL\n" for number in range(12)))
    checked = run("datasets", "check", "csv", labels)
    assert checked.status == 3
    assert "missing: 12" in checked.out
    assert "  9.mp4: line 12: no such file\n  and 2 more; --all prints them" in checked.out
    assert "11.mp4: line 14" in run("datasets", "check", "csv", labels, "--all").out


def test_check_ends_with_1_where_nothing_can_be_scored_and_2_for_a_wrong_option(
    run: Callable[..., Run], tmp_path: Path
) -> None:
    write(tmp_path, "a.mp4")
    nothing = run("datasets", "check", "folder", tmp_path)
    assert nothing.status == 1
    assert "a.mp4: below neither real/ nor fake/" in nothing.out
    assert "nothing to score" in nothing.err
    assert run("datasets", "check", "folder", tmp_path, "--split", "nowhere").status == 2
    assert run("datasets", "check", "imagenet", tmp_path).status == 2


def test_open_says_which_cannot_be_read(run: Callable[..., Run], tmp_path: Path) -> None:
    write(tmp_path, "real/broken.mp4", "fake/.keep")
    make_video(tmp_path / "fake" / "whole.mp4", grey_frames(3))
    assert run("datasets", "check", "folder", tmp_path).status == 0
    checked = run("datasets", "check", "folder", tmp_path, "--open")
    assert checked.status == 3
    assert "unreadable: 1\n  real/broken.mp4: " in checked.out


def test_a_name_cannot_steer_the_terminal(run: Callable[..., Run], tmp_path: Path) -> None:
    write(tmp_path, "real/a.mp4", "\x1b[31mred.mp4")
    checked = run("datasets", "check", "folder", tmp_path)
    assert "\\x1b[31mred.mp4: below neither" in checked.out
    assert "\x1b" not in checked.out
