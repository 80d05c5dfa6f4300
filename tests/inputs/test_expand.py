from __future__ import annotations

import inspect
import os
import sys
from pathlib import Path

import pytest

from genconvit.inputs.expand import each_source, expand_paths

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


def test_more_entries_than_are_held_are_sorted_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genconvit.inputs.sorted_folder.MOST_IN_MEMORY", 7)
    names = [f"{number * 37 % 100:02} \n{'ü' * (number % 3)}.mp4" for number in range(100)]
    tree(tmp_path, *names, *(f"z{number}/{number}.mp4" for number in range(20)))
    (tmp_path / os.fsdecode(b"50\xff.mp4")).touch()
    found = [Path(path).relative_to(tmp_path).as_posix() for path in sources(tmp_path)]
    assert found[:101] == sorted([*names, os.fsdecode(b"50\xff.mp4")])
    assert found[101:] == sorted(f"z{number}/{number}.mp4" for number in range(20))
    assert [Path(path).name for path in sources(tmp_path / "*.mp4")] == found[:101]


def test_sources_come_before_the_next_folder_is_listed(tmp_path: Path) -> None:
    tree(tmp_path, "a.mp4", "b/c.mp4")
    found = each_source([tmp_path])
    assert next(found) == str(tmp_path / "a.mp4")
    tree(tmp_path, "b/b.mp4")
    assert list(found) == [str(tmp_path / "b/b.mp4"), str(tmp_path / "b/c.mp4")]


@posix
def test_a_link_and_its_target_are_one_whichever_way_they_are_listed(tmp_path: Path) -> None:
    tree(tmp_path, "m/b.mp4", "m/d.mp4", "n/e.mp4")
    links = {"m/a.mp4": "b.mp4", "m/c.mp4": "../n/e.mp4", "n/f.mp4": "../m/d.mp4", "n/g.mp4": "e.mp4"}
    for name, target in links.items():
        (tmp_path / name).symlink_to(target)
    assert sources(tmp_path) == [str(tmp_path / name) for name in ("m/a.mp4", "m/c.mp4", "m/d.mp4")]
    same = {name: f"the same file as {tmp_path / first}" for name, first in LISTED_FIRST.items()}
    assert left_out(tmp_path) == same
    patterns = [tmp_path / "n" / "*.mp4", tmp_path / "**" / "*.mp4", tmp_path]
    assert sources(*patterns) == [str(tmp_path / name) for name in ("n/e.mp4", "n/f.mp4", "m/a.mp4")]


LISTED_FIRST = {"m/b.mp4": "m/a.mp4", "n/e.mp4": "m/c.mp4", "n/f.mp4": "m/d.mp4", "n/g.mp4": "m/c.mp4"}


def test_patterns_are_those_of_a_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, "a/1.mp4", "a/.2.mp4", "b/c/3.mp4", ".d/4.mp4", "e[1].mp4", "b/notes.txt")
    monkeypatch.chdir(tmp_path)
    assert sources("*/1.mp4") == ["a/1.mp4"]
    assert sources("./?/*") == ["./a/1.mp4", "b/c/3.mp4", "./b/notes.txt"]
    assert sources("a/.*") == ["a/.2.mp4"]
    assert sources("b/**") == ["b/c/3.mp4", "b/notes.txt"]
    assert sources(f"{tmp_path}/[ab]/**/*.mp4") == [f"{tmp_path}/a/1.mp4", f"{tmp_path}/b/c/3.mp4"]
    assert sources("*/") == ["a/1.mp4", "b/c/3.mp4"]


def test_a_file_that_is_not_there_is_named_though_its_folder_was_listed(tmp_path: Path) -> None:
    tree(tmp_path, "a.mp4")
    assert sources(tmp_path, tmp_path / "b.mp4", tmp_path / "a.mp4") == [str(tmp_path / n) for n in ("a.mp4", "b.mp4")]


def test_addresses_are_no_patterns_and_count_once() -> None:
    given = ["https://host/a*?b=[1]", "s3://bucket/*", "https://host/a*?b=[1]", "ftp://host/x"]
    assert sources(*given) == [given[0], given[1], given[3]]


def test_any_depth_is_walked(tmp_path: Path) -> None:
    depth = 200
    tree(tmp_path, "a/" * depth + "x.mp4")
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 120)
    try:
        found = sources(tmp_path), sources(f"{tmp_path}/**/*.mp4")
    finally:
        sys.setrecursionlimit(before)
    assert found == ([str(tmp_path) + "/a" * depth + "/x.mp4"],) * 2
