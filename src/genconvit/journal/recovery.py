"""Recovery of a journal: which entries and lines belong together, and what a run that was cut off has left.

An entry is written before its line, and both are on the disk before the next pair. So the entries and the lines are
the same ones in the same order, but for the last pair, of which the entry may be there alone, either may be cut short,
and after a power cut either may be there alone. Whatever is more than that is no run's doing and refused.

Where sources were done again, older entries and lines of theirs are dropped, first from the lines and then from the
entries. A run that was cut off between the two has left lines without the older ones beside entries with them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from genconvit.core.errors import DatasetError
from genconvit.journal.done import Done, DoneEntry
from genconvit.journal.lines import LineFile

PARTIAL_SUFFIX = ".partial"

ReadEntry = tuple[bytes, DoneEntry]
"""An entry as it is written, and read."""


@dataclass
class Matched:
    """Entries and lines that belong together, from the first on.

    Attributes:
        done: the sources of these entries.
        entries_size: bytes of the entries.
        lines_size: bytes of the lines.
        more_entries: true where another entry follows.
        more_lines: number of whole lines that follow.
    """

    done: Done = field(default_factory=Done)
    entries_size: int = 0
    lines_size: int = 0
    more_entries: bool = False
    more_lines: int = 0


def recovered(entries: LineFile, lines: LineFile, folder: Path) -> tuple[Done, LineFile, LineFile]:
    """Bring a journal's files into order, and give what is finished, and the files, which may be new ones.

    Args:
        entries: file of the entries.
        lines: file of the results.
        folder: folder for files that are being written.

    Raises:
        DatasetError: one of the files was changed by something else than a run.
        OSError: a file cannot be written.
    """
    for left in folder.glob(f"*{PARTIAL_SUFFIX}"):
        left.unlink()
    matched = match(_entries(entries), lines)
    if matched.more_entries and _is_dropped_from_lines_alone(entries, lines):
        entries = rewritten(entries, (line for line, _ in live_entries(entries)), folder)
        matched = match(_entries(entries), lines)
    if matched.more_lines > 1:
        raise DatasetError(
            f"{str(lines.path)!r} is not what its journal in {str(folder)!r} says, from byte {matched.lines_size} on: "
            "something else has changed one of them; put back what was changed, or move both away to begin anew"
        )
    entries.truncate(matched.entries_size)
    lines.truncate(matched.lines_size)
    if not matched.done.superseded:
        return matched.done, entries, lines
    return compacted(entries, lines, folder)


def compacted(entries: LineFile, lines: LineFile, folder: Path) -> tuple[Done, LineFile, LineFile]:
    """Drop what is of sources that were done again since, and give what is finished, and the new files.

    Raises:
        OSError: there is no room for the new files, or the disk fails; the old ones stay.
    """
    lines = rewritten(lines, (line for _, line in kept_pairs(entries, lines)), folder)
    entries = rewritten(entries, (line for line, _ in live_entries(entries)), folder)
    return match(_entries(entries), lines).done, entries, lines


def kept_pairs(entries: LineFile, lines: LineFile) -> Iterator[tuple[DoneEntry, bytes]]:
    """The last entry of each source with its line, in their order."""
    last = _last_places(entries)
    pairs = zip(_entries(entries), lines.whole_lines(), strict=False)
    return ((entry, line) for number, ((_, entry), line) in enumerate(pairs) if last[entry.key] == number)


def match(entries: Iterable[ReadEntry], lines: LineFile) -> Matched:
    """Hold entries against lines, in their order, up to the first that do not belong together."""
    found = Matched()
    each_line = lines.whole_lines()
    for written, entry in entries:
        line = next(each_line, None)
        if line is None or not entry.is_of(line):
            found.more_entries = True
            found.more_lines = line is not None
            break
        found.done.add(entry)
        found.entries_size += len(written)
        found.lines_size += len(line)
    found.more_lines += sum(1 for _ in each_line)
    return found


def live_entries(entries: LineFile) -> Iterator[ReadEntry]:
    """The last entry of each source, in their order."""
    last = _last_places(entries)
    return (read for number, read in enumerate(_entries(entries)) if last[read[1].key] == number)


def rewritten(file: LineFile, lines: Iterable[bytes], folder: Path) -> LineFile:
    """A new file with these lines in the place of another, which is closed; whole and on the disk, or not at all."""
    partial = folder / f"{file.path.name}{PARTIAL_SUFFIX}"
    try:
        with partial.open("wb") as stream:
            stream.writelines(lines)
            stream.flush()
            os.fsync(stream.fileno())
        shutil.copymode(file.path, partial)
        partial.replace(file.path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(file.path.parent)
    file.close()
    return LineFile(file.path)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder onto the disk, where the system has a way to."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _entries(file: LineFile) -> Iterator[ReadEntry]:
    for line in file.whole_lines():
        entry = DoneEntry.of_line(line)
        if entry is None:
            return
        yield line, entry


def _last_places(entries: LineFile) -> dict[bytes, int]:
    return {entry.key: number for number, (_, entry) in enumerate(_entries(entries))}


def _is_dropped_from_lines_alone(entries: LineFile, lines: LineFile) -> bool:
    """Tell whether the lines are just those of the last entry of each source."""
    found = match(live_entries(entries), lines)
    return not found.more_entries and not found.more_lines and found.lines_size == lines.size
