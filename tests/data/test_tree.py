from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from genconvit.core.errors import DatasetError
from genconvit.data.tree import walk

from .conftest import Files

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs links and pipes")


def reasons(root: Path) -> dict[str, str]:
    return {each.name: each.reason for each in walk(root).left_out}


def test_videos_and_folders_of_frames_are_sources_and_hidden_names_are_not(files: Files) -> None:
    root = files("b.MP4", "a/2.avi", "frames/1.png", ".hidden.mp4", ".git/x.mp4", "a/cover.jpg", "notes.txt")
    tree = walk(root)
    assert tree.sources == ("a/2.avi", "b.MP4", "frames")
    assert {each.name: each.reason for each in tree.left_out} == {
        "./": "1 file that is no video, by suffix (.txt)",
        "a/": "1 file that is no video, by suffix (.jpg)",
    }
    assert tree.path("a/2.avi") == str(root / "a" / "2.avi")


@posix
def test_links_lead_to_other_folders_and_in_no_circle(files: Files, tmp_path: Path) -> None:
    files("data/a.mp4", "elsewhere/b.mp4")
    root = tmp_path / "data"
    (root / "loop").symlink_to(root)
    (root / "self").symlink_to("self")
    (root / "up").symlink_to(tmp_path)
    (root / "other").symlink_to(tmp_path / "elsewhere")
    (root / "same").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(root)
    (root / "gone.mp4").symlink_to(tmp_path / "nowhere.mp4")
    assert walk(root).sources == ("a.mp4", "other/b.mp4")
    found = reasons(root)
    assert {"loop", "up", "same", "other/back"} <= {name for name, reason in found.items() if "in a circle" in reason}
    assert found["gone.mp4"] == "a link that leads nowhere"


@posix
def test_a_file_of_several_names_is_one_source(files: Files, tmp_path: Path) -> None:
    root = files("data/m.mp4", "elsewhere/x.mp4") / "data"
    for name, target in {"a.mp4": "m.mp4", "z.mp4": "a.mp4", "p.mp4": "../elsewhere/x.mp4", "q.mp4": "p.mp4"}.items():
        (root / name).symlink_to(target)
    (tmp_path / "link").symlink_to(root)
    for place in (root, tmp_path / "link"):
        assert walk(place).sources == ("m.mp4", "p.mp4")
        same = "the same file as"
        assert reasons(place) == {"a.mp4": f"{same} m.mp4", "z.mp4": f"{same} m.mp4", "q.mp4": f"{same} p.mp4"}


@posix
def test_a_pipe_and_a_name_that_is_no_text_are_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.mp4")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    assert walk(tmp_path).sources == ()
    assert "a pipe" in reasons(tmp_path)["pipe.mp4"]
    assert "not UTF-8" in reasons(tmp_path)["\\xff.mp4"]


def test_a_folder_that_cannot_be_listed_is_named(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    root = files("open/a.mp4", "locked/b.mp4")
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr("os.scandir", refuse)
    tree = walk(root)
    assert tree.sources == ("open/a.mp4",)
    assert tree.left_out[0].reason == "a folder that cannot be listed (Permission denied)"


@pytest.mark.parametrize("name", ["absent", "file.mp4", "nul\0"])
def test_a_root_that_is_no_folder_is_an_error(files: Files, name: str) -> None:
    with pytest.raises(DatasetError, match=r"cannot be listed: .*; give the data set's folder"):
        walk(files("file.mp4") / name)
