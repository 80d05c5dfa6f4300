"""Expansion of arguments into the sources that they mean, one after the other, and what of it is left out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from glob import has_magic
from pathlib import Path

from genconvit.core.addresses import is_remote
from genconvit.core.left_out import LeftOut
from genconvit.inputs.patterns import matches, name_filter
from genconvit.inputs.walk import Found, copies_below, real_path, takes, walk
from genconvit.video.names import is_folder, source_name


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
    """The sources that a list of files, folders and patterns means, at once; see ``each_source``."""
    left_out: dict[str, LeftOut] = {}
    sources = tuple(each_source(paths, lambda each: left_out.setdefault(each.name, each)))
    return Expanded(sources, tuple(left_out.values()))


def each_source(paths: Sequence[str | Path], leave_out: Callable[[LeftOut], object] = id) -> Iterator[str]:
    """The sources that a list of files, folders and patterns means, each once, in the order of first mention.

    - A file stands for itself, whatever its suffix. So does an empty path, to be reported.
    - A pattern (``*``, ``?``, ``[...]``, ``**`` for any depth) stands for what it matches, sorted in each folder; a
      file that has literally that name goes first, and a pattern without a match stays as it is, to be reported as
      missing.
    - A folder is walked: first the videos in it, sorted, then its folders, sorted; links to folders are followed, in no
      circle. Each video in it, by suffix, is a source, and a folder with images and no video is one source, a folder of
      frames. A clip that lies there as a video and as frames or faces counts once. A folder with neither anywhere below
      stays as it is, to be reported.
    - An address (``https://`` and so on) stands for itself.
    - A file that several names lead to is one source, under the first of them.
    - What is hidden is passed over. Everything else in a folder that is no source is left out, with the reason.

    There is no list of the files: memory grows with the arguments, with the folders, and with links and folders of
    frames, and not with the videos. Each folder is walked once more before, for copies.

    Args:
        paths: the arguments.
        leave_out: takes what is left out, when it is met.
    """
    found = _Found(leave_out)
    for path in paths:
        given = os.fspath(path)
        if is_remote(given):
            yield from found.of_address(given)
        elif has_magic(given) and not os.path.lexists(given):
            yield from found.of_pattern(given)
        elif is_folder(given):
            yield from found.of_folder(given)
        else:
            yield from found.of_file(given)


@dataclass
class _Listing:
    """Files that an argument has listed: enough to tell which, without a list of them."""

    takes: Callable[[str], bool]
    folders: dict[str, str] = field(default_factory=dict)
    """For the real path of each folder the path that it was listed under."""
    dropped: set[str] = field(default_factory=set)
    """Paths of those that were left out as copies."""
    last: str = ""
    """Path of the file that was listed last."""

    def name_of(self, folder: str, name: str) -> str | None:
        """The path under which a file, by its real folder and its name in it, was listed; None where it was not."""
        listed = self.folders.get(folder)
        if listed is None or not self.takes(name):
            return None
        path = os.path.join(listed, name)  # noqa: PTH118 - there may be a million
        is_ahead = os.path.dirname(self.last) == listed and path >= self.last  # noqa: PTH120 - as above
        return None if is_ahead or path in self.dropped or not os.path.lexists(path) else path


@dataclass
class _Found:
    leave_out: Callable[[LeftOut], object]
    _named: dict[str, str] = field(default_factory=dict)
    """Sources that no listing knows, by their real paths: arguments, links, folders of frames."""
    _listings: list[_Listing] = field(default_factory=list)

    def of_file(self, path: str) -> Iterator[str]:
        """The source itself, unless it is one already."""
        real = real_path(path)
        first = self._named.get(real) or self._listed(real, self._listings)
        if first is None and (real or path not in self._named):
            self._named[real] = path
            yield path
        elif first is not None:
            self._say_same(path, first)

    def of_address(self, address: str) -> Iterator[str]:
        """The address itself, unless it is a source already."""
        if address not in self._named:
            self._named[address] = address
            yield address

    def of_pattern(self, pattern: str) -> Iterator[str]:
        """Matches of a pattern; the pattern itself where that is nothing."""
        listing = self._begin(name_filter(os.path.basename(pattern)))  # noqa: PTH119 - it is no path
        is_empty = True
        folder = real_folder = None
        for match in matches(pattern):
            is_empty = False
            if match.entry.is_folder:
                yield from self.of_folder(match.path)
                continue
            if match.folder != folder:
                folder, real_folder = match.folder, real_path(match.folder or os.curdir)
                listing.folders.setdefault(real_folder, folder)
            yield from self._next(listing, Found(match.path, str(real_folder), match.entry.is_link, is_folder=False))
        self._end(listing)
        if is_empty:
            yield from self.of_file(pattern)

    def of_folder(self, folder: str) -> Iterator[str]:
        """Sources in a folder, or the folder itself where that is nothing."""
        used = copies_below(folder)
        listing = self._begin(takes)
        listing.dropped.update(used)
        is_empty = True
        for found in walk(folder, self._say):
            is_empty = False
            if not found.is_folder:
                place = os.path.dirname(found.path)  # noqa: PTH120 - there may be a million
                listing.folders.setdefault(found.real_folder, place)
            if found.path in used:
                self._say(found.path, f"a copy of {source_name(used[found.path])}, which is used")
            elif found.is_folder:
                yield from self.of_file(found.path)
            else:
                yield from self._next(listing, found)
        self._end(listing)
        if is_empty:
            yield from self.of_file(folder)

    def _begin(self, taken: Callable[[str], bool]) -> _Listing:
        self._listings.append(_Listing(taken))
        return self._listings[-1]

    def _end(self, listing: _Listing) -> None:
        listing.last = ""

    def _next(self, listing: _Listing, found: Found) -> Iterator[str]:
        listing.last = found.path
        if found.is_link:
            yield from self.of_file(found.path)
            return
        real = os.path.join(found.real_folder, os.path.basename(found.path))  # noqa: PTH118, PTH119 - a million
        others = (each for each in self._listings if each is not listing)
        first = (self._named and self._named.get(real)) or self._listed(real, others)
        if first:
            self._say_same(found.path, first)
        else:
            yield found.path

    def _listed(self, real: str, listings: Iterator[_Listing] | list[_Listing]) -> str | None:
        folder, name = os.path.split(real)
        return next(filter(None, (each.name_of(folder, name) for each in listings)), None)

    def _say_same(self, path: str, first: str) -> None:
        if os.path.abspath(first) != os.path.abspath(path):  # noqa: PTH100 - a path may be empty
            self._say(path, f"the same file as {source_name(first)}")

    def _say(self, path: str, reason: str) -> None:
        self.leave_out(LeftOut(name=source_name(path), reason=reason))
