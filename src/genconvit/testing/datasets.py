"""Checks of what the library relies on of a data set."""

from __future__ import annotations

import tempfile
from pathlib import Path

from genconvit.core.errors import DatasetError
from genconvit.data.base import Dataset
from genconvit.testing.check import Check, Subject, require


def dataset_checks(name: str, cls: type[Dataset]) -> list[Check]:
    """The checks of one data set, which need none of its files."""
    subject = _Subject(name, cls)
    return [
        Check(name, "says what it is and which splits it has", subject.says_what_it_is),
        Check(name, "refuses a path that is not there", subject.refuses_nothing),
        Check(name, "refuses an empty folder, or lists nothing in it", subject.finds_nothing_in_an_empty_folder),
    ]


class _Subject(Subject[Dataset]):
    def says_what_it_is(self) -> None:
        require(bool(self.cls.summary.strip()), "summary is empty")
        splits = self.cls.splits
        right = isinstance(splits, tuple) and splits and all(isinstance(each, str) and each for each in splits)
        require(bool(right), f"splits are a tuple of names, the default first; got {splits!r}")
        require(len(set(splits)) == len(splits), f"a split is named twice: {splits!r}")

    def refuses_nothing(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            try:
                self.cls().listing(Path(folder, "none"), self.cls.splits[0])
            except DatasetError:
                return
        raise AssertionError("a path that is not there is listed; a DatasetError is expected")

    def finds_nothing_in_an_empty_folder(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            try:
                listing = self.cls().listing(Path(folder), self.cls.splits[0])
            except DatasetError:
                return
        require(not listing.sources, f"an empty folder holds {len(listing.sources)} sources")
