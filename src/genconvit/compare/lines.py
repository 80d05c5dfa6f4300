"""Lines of results on their way into a file: in a journal that later runs go on with, or in a file of one run."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TextIO

from genconvit.core.closeable import Closeable
from genconvit.core.errors import ConfigError
from genconvit.inputs.fetch import RemoteFiles
from genconvit.journal.journal import Journal
from genconvit.results.result import VideoResult
from genconvit.video.names import Source

_MOST_OF_A_NAME = 1000


class Lines(Closeable):
    """A file of results, a line each."""

    @abstractmethod
    def pending(self, paths: Iterable[str]) -> Iterator[Source]:
        """The sources at these paths whose results are missing."""

    @abstractmethod
    def add(self, result: VideoResult, line: str) -> None:
        """Take a result, and the line that stands for it."""

    @abstractmethod
    def results(self) -> Iterator[tuple[str, str]]:
        """The name of each source that is there, and its line."""

    def finish(self) -> None:
        """Bring the file into its last order, once nothing is missing."""

    def drop(self) -> None:
        """Let go of the lines, which are elsewhere as well now."""


class OneRun(Lines):
    """A file that lasts until its lines are in another one, or as long as somebody wants it after an interruption.

    Args:
        path: path of a file that is not there.

    Raises:
        OSError: it is there, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream: TextIO = path.open("x", encoding="ascii")
        self._names: list[str] = []

    def pending(self, paths: Iterable[str]) -> Iterator[Source]:
        """All of them."""
        return iter(paths)

    def add(self, result: VideoResult, line: str) -> None:
        """Take a result, and the line that stands for it."""
        self._stream.write(line + "\n")
        self._stream.flush()
        self._names.append(result.source)

    def results(self) -> Iterator[tuple[str, str]]:
        """The name of each source that is there, and its line."""
        with self._path.open(encoding="ascii") as lines:
            yield from zip(self._names, lines, strict=True)

    def drop(self) -> None:
        """Delete the file."""
        self._stream.close()
        self._path.unlink()

    def close(self) -> None:
        """Leave the lines as they are; a file without any goes."""
        self._stream.close()
        if not self._names:
            self._path.unlink(missing_ok=True)


class ManyRuns(Lines):
    """A journal, which stays.

    Args:
        journal: the journal; closed with this.
        files: asks for the states of those on other machines.
    """

    def __init__(self, journal: Journal, files: RemoteFiles) -> None:
        self._journal = journal
        self._files = files

    def pending(self, paths: Iterable[str]) -> Iterator[Source]:
        """The sources at these paths that are not finished."""
        return self._journal.pending(self._files.told(paths, self._journal.knows))

    def add(self, result: VideoResult, line: str) -> None:
        """Keep a result for good, and the line that stands for it."""
        self._journal.add(result, line)

    def results(self) -> Iterator[tuple[str, str]]:
        """The name of each source that is finished, and its line."""
        return self._journal.results()

    def finish(self) -> None:
        """Drop the old lines of sources that were done again."""
        self._journal.finish()

    def close(self) -> None:
        """Let other runs have it."""
        self._journal.close()


def one_run(folder: Path, stem: str, time: datetime) -> tuple[OneRun, Path]:
    """A file of lines for one run, and the path of the whole file beside it; neither was there.

    Raises:
        ConfigError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for lines, whole in _free_paths(folder, stem, time):
            try:
                return OneRun(lines), whole
            except FileExistsError:
                continue
    except OSError as error:
        raise _refusal(folder, error.strerror or str(error)) from error
    raise _refusal(folder, f"it holds {_MOST_OF_A_NAME} files called {stem}")


def many_runs(folder: Path, stem: str, time: datetime, journal: Journal, files: RemoteFiles) -> tuple[ManyRuns, Path]:
    """A journal of lines, and the path of the whole file beside it, which was not there.

    Raises:
        ConfigError: the folder holds too many files of this name.
    """
    for _, whole in _free_paths(folder, stem, time):
        return ManyRuns(journal, files), whole
    raise _refusal(folder, f"it holds {_MOST_OF_A_NAME} files called {stem}")


def journal_path(folder: Path, stem: str) -> Path:
    """The path of a journal in a folder, which is made where it is not there.

    Raises:
        ConfigError: the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refusal(folder, error.strerror or str(error)) from error
    return folder / f"{stem}.jsonl"


def _free_paths(folder: Path, stem: str, time: datetime) -> Iterator[tuple[Path, Path]]:
    for number in range(1, _MOST_OF_A_NAME):
        name = f"{stem}_{time:%Y-%m-%d_%H-%M-%S}{f'-{number}' if number > 1 else ''}"
        lines, whole = folder / f"{name}.jsonl", folder / f"{name}.json"
        if not lines.exists() and not whole.exists():
            yield lines, whole


def _refusal(folder: Path, why: str) -> ConfigError:
    return ConfigError(f"--out {os.fspath(folder)!r} cannot be written: {why}; give another folder")
