"""Journal of what an extraction has done so far, a line a video, so that the next run does only what is missing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, NonNegativeInt, ValidationError

from genconvit.core.closeable import Closeable
from genconvit.core.config import FrozenConfig
from genconvit.core.errors import ConfigError, DatasetError
from genconvit.core.locks import Lock, locked
from genconvit.core.text import first_line
from genconvit.core.types import Box
from genconvit.crops.record import Point, Split
from genconvit.journal.lines import LineFile
from genconvit.results.result import Label

JOURNAL_NAME = "extract.jsonl"


class KeptFace(FrozenConfig):
    """A crop on disk."""

    frame_index: NonNegativeInt
    """Index of its frame, counted from 0."""

    number: NonNegativeInt
    """Among the faces of its frame, from 0."""

    track: NonNegativeInt
    """Number of its person in the video."""

    box: Box
    """The face detector's, in pixels of the frame."""

    square: Box
    """Square that was cut: left, top, right, bottom in pixels of the frame."""

    confidence: float = Field(ge=0, le=1)
    """Confidence of the face detector, in [0, 1]."""

    landmarks: tuple[Point, ...] = ()
    """X and y in pixels of the crop."""


class VideoEntry(FrozenConfig):
    """Outcome of one video; a line of the journal."""

    dataset: str
    """The data set that it is of."""

    name: str
    """Name in the data set."""

    label: Label
    """Label that the data set gives it."""

    split: Split
    """Split that its crops lie in."""

    plan: str
    """Description of the split's plan: the part of the data set that was taken, the fractions and the seed."""

    file: str | None
    """State of the file on the disk: another size or time is another video."""

    options: str
    """Checksum of the options that its crops were made with."""

    suffix: Literal[".png", ".jpg"]
    """Suffix of the crops' files."""

    status: Literal["done", "no_face", "unreadable"]
    """``done``, ``no_face`` or ``unreadable``."""

    reason: str | None = None
    """Reason why it is unreadable."""

    notes: tuple[str, ...] = ()
    """Fallbacks, frames that did not decode."""

    groups: dict[str, str] = Field(default_factory=dict)
    """Groups as in ``LabelledSource``."""

    original: str | None = None
    """Original of a fake, as in ``CropRecord``."""

    faces: tuple[KeptFace, ...] = ()
    """Crops, in the order of the frames."""

    @property
    def key(self) -> tuple[str, str]:
        """Key that makes two entries one video's; the later one counts."""
        return self.dataset, self.name


class Journal(Closeable):
    """The journal of a folder, open for one run alone.

    A line that a killed run left unfinished is cut off.

    Args:
        folder: the folder; it must be there.

    Raises:
        ConfigError: another run has it open, or it cannot be written.
        DatasetError: it is damaged.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / JOURNAL_NAME
        try:
            self._file = LineFile(path)
        except OSError as error:
            raise ConfigError(f"{str(path)!r} cannot be written: {error.strerror}; choose another --out") from error
        try:
            self._lock()
            self.entries = {entry.key: entry for entry in self._read()}
        except BaseException:
            self._file.close()
            raise

    def add(self, entry: VideoEntry) -> None:
        """Note what became of a video; it is on the disk when this returns.

        Raises:
            OSError: it cannot be written, and is not noted; the journal stays whole.
        """
        end = self._file.size
        try:
            self._file.append(entry.model_dump_json(exclude_defaults=True).encode() + b"\n")
            self._file.sync()
        except OSError:
            with contextlib.suppress(OSError):
                self._file.truncate(end)
            raise
        self.entries[entry.key] = entry

    def close(self) -> None:
        """Let other runs have it; more than once is fine."""
        self._file.close()

    def _lock(self) -> None:
        if not locked(self._file.descriptor, Lock.EXCLUSIVE, wait=False):
            raise ConfigError(
                f"another `genconvit extract` is at work in {str(self._file.path.parent)!r}; wait for it, or choose "
                "another --out"
            )

    def _read(self) -> Iterator[VideoEntry]:
        whole = 0
        for number, line in enumerate(self._file.whole_lines(), 1):
            whole += len(line)
            try:
                yield VideoEntry.model_validate_json(line)
            except ValidationError as error:
                raise DatasetError(
                    f"{str(self._file.path)!r}, line {number}: not what became of a video ({first_line(error)}); "
                    "remove the line, and its video is done again"
                ) from error
        self._file.truncate(whole)
