"""Content of a folder: videos, folders of frames and label files, found by name without opening one."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from genconvit.core.errors import DatasetError
from genconvit.core.left_out import LeftOut
from genconvit.core.text import first_line
from genconvit.video.copies import copies, copies_note
from genconvit.video.names import source_name
from genconvit.video.suffixes import IMAGE_SUFFIXES, VIDEO_SUFFIXES


@dataclass(frozen=True)
class Tree:
    """Names below a root, each with ``/`` between its parts, sorted.

    Attributes:
        root: the folder.
        sources: the videos, by suffix, and the folders that hold images and no video; single images in the folders
            where the caller wanted them. A clip that lies there in several copies, and a file that several names lead
            to, is one source.
        label_files: the files of labels.
        left_out: other files that lie there, and why they are no source. Files that are no videos are one entry a
            folder.
        notes: notes that say which copy of clips was used, where there are several.
    """

    root: Path
    sources: tuple[str, ...]
    label_files: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...] = ()

    def path(self, name: str) -> str:
        """Give the path of a name."""
        return str(self.root / name)


def walk(root: Path, *, labels: Container[str] = (), single_images: Callable[[str], bool] = lambda _: False) -> Tree:
    """List a folder to any depth. Hidden names are passed over; a link to a folder is followed, in no circle.

    Args:
        root: the folder.
        labels: the names of label files.
        single_images: function that tells whether the images of a folder, given by its name below the root, are a
            source each, rather than the frames of one.

    Raises:
        DatasetError: the root is not there, no folder, or may not be listed.
    """
    try:
        with os.scandir(root):
            pass
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or first_line(error)
        raise DatasetError(f"{str(root)!r} cannot be listed: {reason}; give the data set's folder") from error
    walker = _Walker(root, labels, single_images)
    while walker.waiting:
        walker.take(walker.waiting.pop())
    walker.drop_second_names()
    notes = tuple(walker.drop_copies())
    sources = tuple(sorted(walker.sources))
    return Tree(root, sources, tuple(sorted(walker.label_files)), tuple(walker.left_out), notes)


@dataclass
class _Walker:
    root: Path
    labels: Container[str]
    single_images: Callable[[str], bool]
    waiting: list[str] = field(default_factory=lambda: [""])
    sources: dict[str, bool] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    label_files: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    linked: set[str] = field(default_factory=set)
    above: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._remember(os.path.realpath(self.root))

    def take(self, folder: str) -> None:
        """List one folder, and put those in it behind the ones that wait."""
        try:
            with os.scandir(self.root / folder) as entries:
                found = sorted((each for each in entries if not each.name.startswith(".")), key=lambda each: each.name)
        except OSError as error:
            self.leave_out(folder, f"a folder that cannot be listed ({error.strerror or first_line(error)})")
            return
        kinds: dict[str, list[os.DirEntry[str]]] = {"video": [], "image": [], "other": []}
        for entry in found:
            name = posixpath.join(folder, entry.name)
            if not is_unicode(entry.name):
                self.leave_out(name, "its name is not UTF-8; rename it")
            elif _is_folder(entry):
                self.enter(name, is_link=entry.is_symlink())
            elif entry.name in self.labels:
                self.label_files.append(name)
            else:
                kinds[_kind(entry.name)].append(entry)
        self.sort(folder, kinds["video"], kinds["image"], kinds["other"])

    def sort(
        self,
        folder: str,
        videos: list[os.DirEntry[str]],
        images: list[os.DirEntry[str]],
        others: list[os.DirEntry[str]],
    ) -> None:
        """Decide which of a folder's files are sources, or whether the folder is one."""
        if videos:
            others = [*others, *images]
        elif images and self.single_images(folder):
            videos = images
        elif images:
            self.sources[folder or "."] = True
        for entry in videos:
            self.add(posixpath.join(folder, entry.name), entry)
        if others:
            suffixes = ", ".join(sorted({_suffix(entry.name) or "no suffix" for entry in others})[:5])
            count = "1 file that is no video" if len(others) == 1 else f"{len(others)} files that are no videos"
            self.leave_out(f"{folder or '.'}/", f"{count}, by suffix ({suffixes})")

    def enter(self, name: str, *, is_link: bool) -> None:
        """Let a folder wait; a link only where it leads to what is not listed otherwise."""
        if is_link:
            target = os.path.realpath(self.root / name)
            if target in self.above or not self.linked.isdisjoint(_with_parents(target)):
                self.leave_out(name, "a link to a folder that is listed anyway, or in a circle")
                return
            self._remember(target)
        self.waiting.append(name)

    def add(self, name: str, entry: os.DirEntry[str]) -> None:
        """Take a file for a source, where it is one."""
        try:
            regular = stat.S_ISREG(entry.stat().st_mode) if entry.is_symlink() else entry.is_file()
        except OSError:
            self.leave_out(name, "a link that leads nowhere")
            return
        if regular:
            self.sources[name] = False
            self.links += [name] if entry.is_symlink() else []
        else:
            self.leave_out(name, "neither a file nor a folder, but a pipe, a socket or a device")

    def drop_second_names(self) -> None:
        """Leave out links to files that are sources by another name."""
        if not self.links:
            return
        folders = {posixpath.dirname(name) for name in self.sources}
        real = {folder: os.path.realpath(self.root / folder) for folder in folders}
        others = self.sources.keys() - set(self.links)
        files = {posixpath.join(real[posixpath.dirname(name)], posixpath.basename(name)): name for name in others}
        for name in sorted(self.links):
            first = files.setdefault(os.path.realpath(self.root / name), name)
            if first != name:
                del self.sources[name]
                self.leave_out(name, f"the same file as {first}")

    def drop_copies(self) -> Iterator[str]:
        """Leave out copies of clips, and yield a note that says so."""
        used = copies(dict(sorted(self.sources.items())))
        for name, better in used.items():
            del self.sources[name]
            self.leave_out(name, f"a copy of {better}, which is used")
        if used:
            yield copies_note(used)

    def leave_out(self, name: str, reason: str) -> None:
        """Note why something is no source."""
        self.left_out.append(LeftOut(name=source_name(name), reason=reason))

    def _remember(self, target: str) -> None:
        self.linked.add(target)
        self.above.update(_with_parents(target))


def _suffix(name: str) -> str:
    return posixpath.splitext(name)[1].lower()


def _kind(name: str) -> str:
    suffix = _suffix(name)
    return "video" if suffix in VIDEO_SUFFIXES else "image" if suffix in IMAGE_SUFFIXES else "other"


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _with_parents(path: str) -> list[str]:
    return [path, *map(str, Path(path).parents)]


def is_unicode(name: str) -> bool:
    """Tell whether a name has an encoding in UTF-8, and so a place in results."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
