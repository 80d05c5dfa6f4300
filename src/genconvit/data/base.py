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
    """A video, an image or a folder of frames, and what its data set says of it.

    Attributes:
        path: where it lies.
        name: what the data set calls it, unique in it: as a rule the path below the data set's root.
        label: ``FAKE`` or ``REAL``; None where it is not known, so that it has a score but no part in any metric.
        split: ``train``, ``val``, ``test``, or another that the data set has; None where it has none.
        groups: what it belongs to, for example ``{"method": "Deepfakes", "compression": "c23"}``. A source without
            a value for a key counts in each of that key's groups: so are a method's fakes held against all reals.
        identities: who or which source video it shows. Sources that share one belong into one split. Empty means the
            source's own name.
    """

    path: str
    name: str
    label: Label | None
    split: str | None = None
    groups: dict[str, str] = Field(default_factory=dict)
    identities: tuple[str, ...] = ()
    original: str | None = None


class Listing(FrozenConfig):
    """What a data set holds, found out without opening a video.

    Attributes:
        dataset: its registered name.
        split: which part of it this is.
        sources: what there is to score, in the data set's own order or by name; never one path twice.
        missing: what the data set's lists or labels name and the disk lacks.
        skipped: what lies on the disk and is left out: it has no label, belongs to another split, is no video.
        notes: what a reader must know, for example that an official list is absent.
    """

    dataset: str
    split: str
    sources: tuple[LabelledSource, ...]
    missing: tuple[LeftOut, ...] = ()
    skipped: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()


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
        """What lies below a path; no video is opened.

        Args:
            root: the data set's folder or file.
            split: one of ``splits``.

        Raises:
            DatasetError: the path is not there, or does not hold this data set; says what was looked for.
        """
