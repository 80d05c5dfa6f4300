"""Matches of a pattern (``*``, ``?``, ``[...]``, ``**``), one after the other, sorted within each folder."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from fnmatch import translate
from glob import has_magic
from typing import NamedTuple

from genconvit.inputs.depth_first import DepthFirst
from genconvit.inputs.sorted_folder import Entry, SortedFolder

_ANY_DEPTH = "**"


class Match(NamedTuple):
    """A path that a pattern matches."""

    folder: str
    """Folder that it was found in; empty for the current one."""
    entry: Entry

    @property
    def path(self) -> str:
        """The path as the pattern begins it."""
        return os.path.join(self.folder, self.entry.name)  # noqa: PTH118 - there may be a million


def matches(pattern: str) -> Iterator[Match]:
    """Paths that a pattern matches: in each folder its entries by name, and what is deeper after them.

    ``**`` alone between separators stands for any number of folders; links to folders are followed, in no circle. What
    is hidden is matched by what begins with a dot alone.
    """
    drive, path = os.path.splitdrive(pattern.replace(os.altsep or os.sep, os.sep))
    *folders, last = path.split(os.sep)  # noqa: PTH206 - a path drops the ./ in front
    anchor = drive + os.sep if path.startswith(os.sep) else drive
    return _below(anchor, [*filter(None, folders), last])


def name_filter(part: str) -> Callable[[str], bool]:
    """Tell by a function which names the last part of a pattern takes."""
    if part == _ANY_DEPTH:
        return lambda name: not name.startswith(".")
    found = re.compile(translate(os.path.normcase(part))).match
    return lambda name: (part.startswith(".") or not name.startswith(".")) and bool(found(os.path.normcase(name)))


def _below(folder: str, parts: Sequence[str]) -> Iterator[Match]:
    first, *rest = parts
    if first == _ANY_DEPTH:
        yield from _at_any_depth(folder, rest or ["*"], set())
        return
    if not has_magic(first):
        yield from _literal(folder, first, rest)
        return
    takes = name_filter(first)
    with _entries(folder) as entries:
        for entry in filter(lambda each: takes(each.name), entries):
            if not rest:
                yield Match(folder, entry)
            elif entry.is_folder:
                yield from _below(os.path.join(folder, entry.name), rest)  # noqa: PTH118


def _literal(folder: str, name: str, rest: Sequence[str]) -> Iterator[Match]:
    path = os.path.join(folder, name)  # noqa: PTH118 - there may be a million
    try:
        if rest:
            yield from _below(path, rest)
        elif os.path.lexists(path):
            yield Match(folder, Entry(name, os.path.isdir(path), os.path.islink(path)))  # noqa: PTH112, PTH114
    except ValueError:  # no path
        return


def _at_any_depth(folder: str, rest: Sequence[str], seen: set[str]) -> Iterator[Match]:
    ahead = DepthFirst(folder)
    for here in ahead:
        real = os.path.realpath(here or os.curdir)
        if real in seen:
            continue
        seen.add(real)
        yield from _below(here, rest)
        ahead.go_into(_folders(here))


def _folders(folder: str) -> Iterator[str]:
    with _entries(folder) as entries:
        for entry in entries:
            if entry.is_folder and not entry.name.startswith("."):
                yield os.path.join(folder, entry.name)  # noqa: PTH118 - there may be a million


def _entries(folder: str) -> AbstractContextManager[Iterable[Entry]]:
    try:
        return SortedFolder(folder or os.curdir)
    except (OSError, ValueError):
        return nullcontext(())
