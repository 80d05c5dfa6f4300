"""Sources below a folder, one after the other: in each folder its videos by name, then what lies in its folders."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from genconvit.inputs.depth_first import DepthFirst
from genconvit.inputs.sorted_folder import SortedFolder
from genconvit.video.copies import clip_and_above, clip_name, copies, may_be_copy
from genconvit.video.suffixes import IMAGE_SUFFIXES, VIDEO_SUFFIXES

LeaveOut = Callable[[str, str], None]
"""Takes a path that is no source, and the reason."""


class Found(NamedTuple):
    """A source below a folder."""

    path: str
    real_folder: str
    """Real path of the folder that it lies in; of a folder of frames its own."""
    is_link: bool
    is_folder: bool


def takes(name: str) -> bool:
    """Tell whether a walk takes a file, by its name, for a video."""
    return not name.startswith(".") and suffix_of(name) in VIDEO_SUFFIXES


def suffix_of(name: str) -> str:
    """The suffix of a name, lower case."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - there may be a million


def walk(folder: str, leave_out: LeaveOut) -> Iterator[Found]:
    """The videos and the folders of frames below a folder; links to folders are followed, in no circle.

    Memory is for the folders on the way, and for the real path of each that was listed.

    Args:
        folder: folder to walk.
        leave_out: is told of everything else that is not hidden.
    """
    yield from _walk(folder, leave_out, set())


def copies_below(folder: str) -> dict[str, str]:
    """Paths below a folder that are copies of a clip that lies there in a better form, and the path that is used.

    Memory is for frames, faces and masks alone, and for the videos that they may be copies of.
    """
    clips: set[str] = set()
    for name, found in _named(folder):
        if may_be_copy(name, is_folder=found.is_folder):
            clips.update(clip_and_above(name))
    if not clips:
        return {}
    there = {
        name: found
        for name, found in _named(folder)
        if may_be_copy(name, is_folder=found.is_folder) or clip_name(name) in clips
    }
    used = copies({name: found.is_folder for name, found in there.items()})
    return {there[name].path: there[better].path for name, better in used.items()}


def _named(folder: str) -> Iterator[tuple[str, Found]]:
    """The sources below a folder, with their names there."""
    root = str(Path(folder))
    start = 0 if root == "." else len(os.path.join(root, ""))  # noqa: PTH118 - with a separator at the end
    for found in walk(root, lambda _path, _reason: None):
        yield (found.path[start:].replace(os.sep, "/") or "."), found


def _walk(folder: str, leave_out: LeaveOut, seen: set[str]) -> Iterator[Found]:
    ahead = DepthFirst(folder)
    for here in ahead:
        real = real_path(here)
        if real in seen:
            leave_out(here, "the same folder as one that is listed already")
            continue
        seen.add(real)
        try:
            entries = SortedFolder(here)
        except (OSError, ValueError) as error:
            leave_out(
                here, f"a folder that cannot be listed ({(isinstance(error, OSError) and error.strerror) or error})"
            )
            continue
        yield from _files(here, real, entries, leave_out)
        ahead.go_into(_folders(here, entries))


def _folders(folder: str, entries: SortedFolder) -> Iterator[str]:
    """The folders in a folder, whose entries are let go of behind the last."""
    with entries:
        for entry in entries:
            if entry.is_folder and not entry.name.startswith("."):
                yield str(Path(folder, entry.name))


def _files(folder: str, real: str, entries: SortedFolder, leave_out: LeaveOut) -> Iterator[Found]:
    """Sources in a folder itself."""
    suffixes = {suffix_of(each.name) for each in entries if not (each.is_folder or each.name.startswith("."))}
    has_videos = not suffixes.isdisjoint(VIDEO_SUFFIXES)
    start = str(Path(folder, "."))  # as a path writes it, once and not for each of a million
    start = "" if start == "." else os.path.join(start, "")  # noqa: PTH118
    for entry in entries:
        if entry.is_folder or entry.name.startswith("."):
            continue
        path, suffix = start + entry.name, suffix_of(entry.name)
        if suffix in VIDEO_SUFFIXES:
            yield Found(path, real, entry.is_link, is_folder=False)
        elif suffix not in IMAGE_SUFFIXES:
            leave_out(path, f"neither a video nor an image by its suffix ({suffix or 'none'})")
        elif has_videos:
            leave_out(path, "an image beside videos; name it, or put it into a folder without one")
    if not has_videos and not suffixes.isdisjoint(IMAGE_SUFFIXES):
        yield Found(folder, real, is_link=False, is_folder=True)


def real_path(path: str) -> str:
    """The real path; an empty one, and what is none, stay as they are."""
    try:
        return os.path.realpath(path) if path else path
    except (OSError, ValueError):
        return path
