"""Expansion of arguments into the sources that they mean, and what of it is left out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from glob import glob, has_magic
from pathlib import Path

from genconvit.core.left_out import LeftOut
from genconvit.video.copies import copies
from genconvit.video.names import is_folder, source_name
from genconvit.video.suffixes import IMAGE_SUFFIXES, VIDEO_SUFFIXES


@dataclass(frozen=True)
class Expanded:
    """Sources that a list of paths means.

    Attributes:
        sources: the paths of the sources, each once.
        left_out: files in the folders that are no source, or are one that is named already.
    """

    sources: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


def expand_paths(paths: Sequence[str | Path]) -> Expanded:
    """The sources that a list of files, folders and patterns means, each once, in the order of first mention.

    - A file stands for itself, whatever its suffix. So does an empty path, to be reported.
    - A pattern (``*``, ``?``, ``[...]``, ``**`` for any depth) stands for what it matches, sorted; a file that has
      literally that name goes first, and a pattern without a match stays as it is, to be reported as missing.
    - A folder is walked, sorted; links to folders are followed, in no circle. Each video in it, by suffix, is a source,
      and a folder with images and no video is one source, a folder of frames. A clip that lies there as a video and as
      frames or faces counts once. A folder with neither anywhere below stays as it is, to be reported.
    - A file that several names lead to is one source, under the first of them.
    - What is hidden is passed over. Everything else in a folder that is no source is left out, with the reason.
    """
    found = _Found()
    for given in paths:
        for path in _matches(os.fspath(given)):
            if is_folder(path):
                found.add_folder(path)
            else:
                found.add(path)
    return Expanded(tuple(found.sources.values()), tuple(found.left_out.values()))


def _matches(given: str) -> list[str]:
    if not has_magic(given) or os.path.lexists(given):
        return [given]
    found = glob(given, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
    return sorted(found) or [given]


@dataclass
class _Found:
    """Sources by their real paths, and what is left out by its name."""

    sources: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, LeftOut] = field(default_factory=dict)

    def add(self, path: str) -> None:
        """Take a source, unless it is one already."""
        first = self.sources.setdefault(_real(path), path)
        if os.path.abspath(first) != os.path.abspath(path):  # noqa: PTH100 - a path may be empty
            self.leave_out(path, f"the same file as {source_name(first)}")

    def leave_out(self, path: str, reason: str) -> None:
        """Note why something is no source."""
        self.left_out.setdefault(path, LeftOut(name=source_name(path), reason=reason))

    def add_folder(self, folder: str) -> None:
        """Take what lies in a folder, or the folder itself where that is nothing."""
        listed = dict(self._walk(folder))
        names = {Path(os.path.relpath(path, folder)).as_posix(): path for path in listed}
        used = copies({name: listed[path] for name, path in names.items()})
        for name, path in names.items():
            if name in used:
                self.leave_out(path, f"a copy of {source_name(names[used[name]])}, which is used")
            else:
                self.add(path)
        if not listed:
            self.add(folder)

    def _walk(self, folder: str) -> Iterator[tuple[str, bool]]:
        """The videos and the folders of frames below a folder, and whether each is one of the latter."""
        seen: set[str] = set()
        for place, folders, files in os.walk(folder, followlinks=True, onerror=self._unlisted):
            folders[:] = sorted(each for each in folders if not each.startswith("."))
            real = _real(place)
            if real in seen:
                folders.clear()
                self.leave_out(place, "the same folder as one that is listed already")
                continue
            seen.add(real)
            yield from self._sources_in(place, sorted(each for each in files if not each.startswith(".")))

    def _sources_in(self, place: str, files: Sequence[str]) -> Iterator[tuple[str, bool]]:
        suffixes = {name: Path(name).suffix.lower() for name in files}
        has_videos = any(suffix in VIDEO_SUFFIXES for suffix in suffixes.values())
        is_folder_of_frames = not has_videos and any(suffix in IMAGE_SUFFIXES for suffix in suffixes.values())
        for name, suffix in suffixes.items():
            path = str(Path(place, name))
            if suffix in VIDEO_SUFFIXES:
                yield path, False
            elif suffix not in IMAGE_SUFFIXES:
                self.leave_out(path, f"neither a video nor an image by its suffix ({suffix or 'none'})")
            elif has_videos:
                self.leave_out(path, "an image beside videos; name it, or put it into a folder without one")
        if is_folder_of_frames:
            yield place, True

    def _unlisted(self, error: OSError) -> None:
        self.leave_out(str(error.filename), f"a folder that cannot be listed ({error.strerror})")


def _real(path: str) -> str:
    """The real path; an empty one, and what is none, stay as they are."""
    try:
        return os.path.realpath(path) if path else path
    except (OSError, ValueError):
        return path
