"""The journal itself: results in one file, a line each, and beside it what is finished and by which settings."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from genconvit.core.closeable import Closeable
from genconvit.core.errors import ConfigError, DatasetError, GenConViTError
from genconvit.core.files import FULL
from genconvit.core.text import first_line, printable
from genconvit.journal.done import DoneEntry
from genconvit.journal.identity import Identity, identity_of_source
from genconvit.journal.lines import LineFile
from genconvit.journal.lock import RunLock
from genconvit.journal.recovery import compacted, kept_pairs, recovered, sync_folder
from genconvit.journal.resuming import IdentityKind, Resuming, folder_beside
from genconvit.journal.settings import Settings
from genconvit.journal.settings_file import refuse_changes, refuse_layout, write_settings
from genconvit.journal.tally import Tally
from genconvit.results.result import VideoResult
from genconvit.results.write import json_line
from genconvit.video.given import RemoteState
from genconvit.video.names import Source, source_name

LOCK_NAME, SETTINGS_NAME, ENTRIES_NAME = "lock", "settings.json", "done.jsonl"
LAYOUT = 1
LONGEST_REASON = 300

P = TypeVar("P", bound="Source")
Identify = Callable[[Any, IdentityKind], Identity | None]
"""Gives the identity of a source as it is now; None where it cannot be told."""


class Journal(Closeable):
    """Results of any number of sources, each kept for good once it is added, over any number of runs.

    The results' file holds results alone, a line each, in the order in which they were added. Beside it lies the folder
    ``<file>.run``: ``done.jsonl`` (the name, state and status of each source that is finished), ``settings.json`` (what
    the results were made by) and ``lock``. What a run that was killed has left half is cut off.

    A source is finished while it has the name and the identity that it had when it was added. One that has changed is
    done again, and its new line takes the place of the old one at the end of the run, behind the others.

    Attributes:
        path: path of the results' file, with links followed.
        kept: number of sources that ``pending`` passed over, since they are finished.

    Args:
        path: path of the results' file; made where it is not there.
        settings: everything that decides on the results, which must be what the results that are there were made by.
        resuming: way of going on; left out, ``Resuming()``.
        identify: gives the identity of a source; left out, ``identity_of_source``.

    Raises:
        ConfigError: another run is at work on it, or its results were made by other settings; or it cannot be written.
        DatasetError: the file holds results that are of no journal, or was changed by something else.
        GenConViTError: the disk is full.
    """

    def __init__(
        self,
        path: Path,
        settings: Settings,
        resuming: Resuming | None = None,
        *,
        identify: Identify = identity_of_source,
    ) -> None:
        try:
            self.path = path.resolve()
        except (OSError, RuntimeError, ValueError) as error:
            raise ConfigError(f"{str(path)!r} is no path: {first_line(error)}; choose another one") from error
        self._folder = folder_beside(self.path)
        resuming = resuming or Resuming()
        self._identity = resuming.identity
        self._identify = identify
        self._under_way: dict[str, Identity] = {}
        self.kept = 0
        with self._explained(), contextlib.ExitStack() as opened:
            _refuse_strangers(self.path, self._folder)
            self._folder.mkdir(exist_ok=True)
            self._lock = opened.enter_context(RunLock(self._folder / LOCK_NAME, self.path))
            refuse_layout(self._folder / SETTINGS_NAME, LAYOUT, self.path)
            entries = opened.enter_context(LineFile(self._folder / ENTRIES_NAME))
            lines = opened.enter_context(LineFile(self.path))
            self._done, self._entries, self._lines = recovered(entries, lines, self._folder)
            opened.callback(self._entries.close)
            opened.callback(self._lines.close)
            self._keep(settings)
            sync_folder(self._folder)
            sync_folder(self.path.parent)
            opened.pop_all()
        if resuming.retry:
            self._done.reopen_failures()

    @property
    def tally(self) -> Tally:
        """Count of the results in the file, those of earlier runs among them; each source counts once."""
        return self._done.tally

    def pending(self, sources: Iterable[P]) -> Iterator[P]:
        """The sources that are not finished, as they are asked for; no list of them is made, and each name comes once.

        May be iterated in another thread than the one that adds results.
        """
        for source in sources:
            name = source_name(source)
            if name in self._under_way:
                continue
            identity = self._identify(source, self._identity)
            if self._done.answers(name, identity):
                self.kept += 1
                continue
            self._under_way[name] = identity or Identity()
            yield source

    def knows(self, source: Source) -> bool:
        """Tell whether a source of this name was finished once, so that its identity is asked for."""
        return self._done.knows(source_name(source))

    def add(self, result: VideoResult, line: str | None = None) -> None:
        """Keep the result of a source that is pending; it is on the disk when this returns.

        Args:
            result: the result.
            line: text that stands for it in the file, without a line break; left out, the result as JSON.

        Raises:
            ConfigError: no source of this name is pending.
            GenConViTError: the disk is full, or fails; nothing of this result is kept, and everything before it is.
        """
        asked = self._under_way.get(result.source)
        if asked is None:
            raise ConfigError(f"no source {result.source!r} is pending; take the sources from Journal.pending")
        written = (json_line(result) if line is None else line).encode() + b"\n"
        entry = DoneEntry(
            source=result.source,
            identity=_scored_identity(result) or asked,
            status=result.status,
            reason=result.reason and printable(result.reason)[:LONGEST_REASON],
            length=len(written),
            crc32=zlib.crc32(written),
        )
        with self._explained():
            self._append(entry.line(), written)
        self._done.add(entry)
        del self._under_way[result.source]  # not before: pending may be at the same name in another thread

    def keep(self, results: Iterable[VideoResult]) -> Generator[VideoResult, None, None]:
        """Add each result, and give it on."""
        for result in results:
            self.add(result)
            yield result

    def results(self) -> Iterator[tuple[str, str]]:
        """The name of each source, and the line that was kept for it, in the order of the file."""
        for entry, line in kept_pairs(self._entries, self._lines):
            yield entry.source, line.decode()

    def finish(self) -> None:
        """Drop the old lines of sources that were done again, at the end of a run that went through all of them.

        Raises:
            GenConViTError: there is no room to write the file anew; it stays as it was, with lines of both kinds.
        """
        if self._done.superseded:
            with self._explained():
                self._done, self._entries, self._lines = compacted(self._entries, self._lines, self._folder)

    def close(self) -> None:
        """Let other runs have it; more than once is fine."""
        for each in (self._entries, self._lines, self._lock):
            each.close()

    def _append(self, entry: bytes, line: bytes) -> None:
        entries_size, lines_size = self._entries.size, self._lines.size
        try:
            self._entries.append(entry)
            self._lines.append(line)
            self._entries.sync()
            self._lines.sync()
        except BaseException:
            with contextlib.suppress(OSError):
                self._lines.truncate(lines_size)
                self._entries.truncate(entries_size)
            raise

    def _keep(self, settings: Settings) -> None:
        """Hold the settings against those of the results that are there; where there are none, they are the first."""
        now = {"layout": LAYOUT, "identity": self._identity, **settings}
        path = self._folder / SETTINGS_NAME
        if self._done.tally.done:
            refuse_changes(path, now, self.path)
        else:
            write_settings(path, now)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where, why = error.filename or str(self.path), error.strerror or first_line(error)
            if error.errno in FULL:
                raise GenConViTError(
                    f"{where!r} cannot be written: {why}; every result that was finished is kept: make room, and the "
                    "same command goes on"
                ) from error
            raise ConfigError(f"{where!r} cannot be written: {why}; choose another path") from error


def _scored_identity(result: VideoResult) -> Identity | None:
    """The identity of the object elsewhere whose bytes were scored; None where there is none."""
    remote = result.provenance.remote
    return None if remote is None else Identity.of_state(RemoteState(remote.etag, remote.modified, remote.size))


def _refuse_strangers(path: Path, folder: Path) -> None:
    """Make sure that a file with something in it is a journal's."""
    if path.exists() and not path.is_file():
        raise ConfigError(f"{str(path)!r} is no file; results that are to be kept need one: choose another path")
    if path.exists() and path.stat().st_size and not folder.is_dir():
        raise DatasetError(
            f"{str(path)!r} holds something, and there is no {folder.name!r} beside it, so no run can go on with it; "
            "move it away, or choose another path"
        )
