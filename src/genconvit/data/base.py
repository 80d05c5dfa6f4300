"""The contract of a data set: from a folder or file on disk to sources with their labels.

A third party derives from ``Dataset`` and declares one entry point in the group ``genconvit.datasets``.
``docs/datasets.md`` shows a whole one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from genconvit.core.config import FrozenConfig
from genconvit.core.left_out import LeftOut
from genconvit.results.result import Label


class LabelledSource(FrozenConfig):
    """A video, an image or a folder of frames, and what its data set says of it."""

    path: str
    """Path of the file."""

    name: str
    """Name in the data set, unique in it: as a rule the path below the data set's root."""

    label: Label | None
    """``FAKE`` or ``REAL``; None where it is not known, so that it has a score but no part in any metric."""

    split: str | None = None
    """``train``, ``val``, ``test``, or another that the data set has; None where it has none."""

    groups: dict[str, str] = Field(default_factory=dict)
    """Groups that it belongs to, for example ``{"method": "Deepfakes", "compression": "c23"}``. A source without a
    value for a key counts in each of that key's groups: so are a method's fakes held against all reals."""

    identities: tuple[str, ...] = ()
    """Persons or source videos that it shows. Sources that share one belong into one split. Empty means the source's
    own name."""

    original: str | None = None
    """Name of the real that a fake was made from; None for a real, or where it is not known."""


class Listing(FrozenConfig):
    """Content of a data set, found out without opening a video."""

    dataset: str
    """Registered name of the data set."""

    split: str
    """Split that this is."""

    sources: tuple[LabelledSource, ...]
    """Sources to score, in the data set's own order or by name; never one path twice."""

    missing: tuple[LeftOut, ...] = ()
    """Sources that the data set's lists or labels name and the disk lacks."""

    skipped: tuple[LeftOut, ...] = ()
    """Files that lie on the disk and are left out: without a label, of another split, or no video."""

    notes: tuple[str, ...] = ()
    """Notes that a reader must know, for example that an official list is absent."""


class Dataset(ABC):
    """A layout on disk.

    Attributes:
        summary: one line for people: what it is and how it lies on disk.
        splits: the values that ``split`` may have, the default first. ``all`` is every labelled source;
            ``reference`` is the test list of the reference implementation, where the library ships one.
    """

    summary: ClassVar[str]
    splits: ClassVar[tuple[str, ...]]

    @abstractmethod
    def listing(self, root: Path, split: str) -> Listing:
        """List what lies below a path; no video is opened.

        Args:
            root: the data set's folder or file.
            split: one of ``splits``.

        Raises:
            DatasetError: the path is not there, or does not hold this data set; says what was looked for.
        """
