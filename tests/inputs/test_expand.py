from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from genconvit.inputs.expand import expand_paths

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX file system")


def sources(*paths: str | Path) -> list[str]:
    return list(expand_paths(paths).sources)


def left_out(root: Path, *paths: Path) -> dict[str, str]:
    """Give what is left out, by its name below a root, and why."""
    return {
        Path(each.name).relative_to(root).as_posix(): each.reason for each in expand_paths(paths or [root]).left_out
    }


def tree(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_an_empty_path_stays_one() -> None:
    assert sources("") == [""]
    assert sources("", "a.mp4", "") == ["", "a.mp4"]


def test_files_stay_as_they_are(tmp_path: Path) -> None:
    tree(tmp_path, "b.mp4", "a.txt", "odd[1].mp4", "odd1.mp4")
    given = [str(tmp_path / "b.mp4"), str(tmp_path / "a.txt"), "missing.mp4", str(tmp_path / "b.mp4")]
    assert sources(*given) == given[:3]
    assert sources(tmp_path / "odd[1].mp4") == [str(tmp_path / "odd[1].mp4")]


def test_patterns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, "b.mp4", "a.mp4", "deep/er/c.mp4", "deep/d.txt")
    monkeypatch.chdir(tmp_path)
    assert sources("*.mp4") == ["a.mp4", "b.mp4"]
    assert sources("**/*.mp4") == ["a.mp4", "b.mp4", str(Path("deep/er/c.mp4"))]
    assert sources("b.mp4", "*.mp4") == ["b.mp4", "a.mp4"]
    assert sources("*.avi") == ["*.avi"]
    assert sources("nul\0*.avi") == ["nul\0*.avi"]


def test_folders(tmp_path: Path) -> None:
    tree(
        tmp_path,
        *("clips/b.MP4", "clips/a.mov", "clips/poster.jpg", "clips/.hidden.mp4", "clips/notes.txt"),
        *("frames/1.png", "frames/2.png", "frames/deeper/x.webm", ".cache/y.mp4", "none/notes.txt"),
    )
    names = ["clips/a.mov", "clips/b.MP4", "frames", "frames/deeper/x.webm"]
    assert sources(tmp_path) == [str(tmp_path / name) for name in names]
    assert sources(tmp_path / "none") == [str(tmp_path / "none")]
    assert sources(tmp_path / "frames", tmp_path) == [str(tmp_path / name) for name in names[2:] + names[:2]]


def test_what_a_folder_holds_and_is_no_source_is_named_with_its_reason(tmp_path: Path) -> None:
    tree(
        tmp_path,
        "a.mp4",
        "poster.JPG",
        "notes.txt",
        "LICENSE",
        ".hidden.mp4",
        "b/c.3gpp",
        "b/d.m2t",
        "e/f.y4m",
        "e/g.heic",
    )
    tree(tmp_path, "photos/1.heic", "photos/2.avif", "photos/about.md", "empty/notes.txt")
    assert sources(tmp_path) == [str(tmp_path / name) for name in ("a.mp4", "b/c.3gpp", "b/d.m2t", "e/f.y4m", "photos")]
    beside = "an image beside videos; name it, or put it into a folder without one"
    neither = "neither a video nor an image by its suffix"
    assert left_out(tmp_path) == {
        "LICENSE": f"{neither} (none)",
        "e/g.heic": beside,
        "empty/notes.txt": f"{neither} (.txt)",
        "notes.txt": f"{neither} (.txt)",
        "photos/about.md": f"{neither} (.md)",
        "poster.JPG": beside,
    }
    assert left_out(tmp_path, tmp_path / "notes.txt", tmp_path / "poster.JPG") == {}


def test_a_clip_in_several_copies_counts_once(tmp_path: Path) -> None:
    tree(tmp_path, "c23/videos/071.mp4", "c23/images/071/0000.png", "c23/masks/071/0000.png", "c40/images/071/0000.png")
    assert sources(tmp_path) == [str(tmp_path / "c23/videos/071.mp4"), str(tmp_path / "c40/images/071")]
    used = f"a copy of {tmp_path / 'c23/videos/071.mp4'}, which is used"
    assert left_out(tmp_path) == {"c23/images/071": used, "c23/masks/071": used}
    named = [tmp_path / "c23/images/071", tmp_path / "c23/videos/071.mp4"]
    assert sources(*named) == list(map(str, named))


@posix
def test_a_file_of_several_names_is_one_source_under_the_first_that_was_given(tmp_path: Path) -> None:
    tree(tmp_path, "b.mp4", "other.mp4")
    (tmp_path / "a.mp4").symlink_to("b.mp4")
    (tmp_path / "c.mp4").symlink_to("a.mp4")
    names = {name: str(tmp_path / f"{name}.mp4") for name in ("a", "b", "c", "other")}
    assert sources(tmp_path) == [names["a"], names["other"]]
    assert left_out(tmp_path) == dict.fromkeys(("b.mp4", "c.mp4"), f"the same file as {names['a']}")
    assert sources(names["c"], names["b"], tmp_path) == [names["c"], names["other"]]
    found = expand_paths([names["b"], tmp_path / "." / "b.mp4", f"{tmp_path}/../{tmp_path.name}/b.mp4"])
    assert found.sources == (names["b"],)
    assert found.left_out == ()


@posix
def test_links_to_folders_are_followed_in_no_circle(tmp_path: Path) -> None:
    tree(tmp_path, "data/a/x.mp4", "elsewhere/y.mp4")
    root = tmp_path / "data"
    links = {"a/up": root, "a/self": root / "a", "self": root / "self", "z": tmp_path / "elsewhere", "y": root / "z"}
    for name, target in links.items():
        (root / name).symlink_to(target)
    (tmp_path / "elsewhere" / "back").symlink_to(root)
    assert sources(root) == [str(root / "a" / "x.mp4"), str(root / "y" / "y.mp4")]
    listed = "the same folder as one that is listed already"
    assert left_out(root) == {
        **dict.fromkeys(("a/up", "a/self", "y/back", "z"), listed),
        "self": "neither a video nor an image by its suffix (none)",
    }


@posix
def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, "a/x.mp4", "locked/y.mp4")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr("os.scandir", refuse)
    assert sources(tmp_path) == [str(tmp_path / "a" / "x.mp4")]
    assert left_out(tmp_path) == {"locked": "a folder that cannot be listed (Permission denied)"}
