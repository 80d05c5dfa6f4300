"""Findings of a loader, put together: the first label of a source counts, and a split is chosen."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from genconvit.core.errors import DatasetError
from genconvit.core.left_out import LeftOut
from genconvit.data.base import LabelledSource, Listing
from genconvit.video.copies import copies, copies_note
from genconvit.video.suffixes import IMAGE_SUFFIXES, VIDEO_SUFFIXES


@dataclass
class Findings:
    """Sources with labels, in the order in which they are found.

    Attributes:
        dataset: the data set's registered name.
        sources: sources by the name that makes two of them one.
        missing: sources that are named and not there.
        skipped: files that are there and left out.
        notes: notes that a reader must know.
    """

    dataset: str
    sources: dict[str, LabelledSource] = field(default_factory=dict)
    missing: list[LeftOut] = field(default_factory=list)
    skipped: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _places: dict[str, str] = field(default_factory=dict)

    def add(self, source: LabelledSource, place: str, *, key: str | None = None) -> None:
        """Add a source, unless it is there already.

        Args:
            source: source that was found; its ``original`` may be any key, and counts where that of a real source is
                found.
            place: place of its label, for messages: ``"'labels.csv', line 3"``.
            key: key that makes two sources one; its name where left out.

        Raises:
            DatasetError: it is there with the other label.
        """
        key = source.name if key is None else key
        first = self.sources.setdefault(key, source)
        if first is source:
            self._places[key] = place
            return
        if None not in (first.label, source.label) and first.label != source.label:
            raise DatasetError(
                f"{source.name!r} is {source.label} in {place} and {first.label} in {self._places[key]}; "
                "correct one of them"
            )
        self.skip(source.name, f"named again in {place}; {self._places[key]} counts")

    def drop_copies(self) -> None:
        """Skip what is a copy of a clip that is there in a better form; for names that no walk has found.

        Raises:
            DatasetError: a copy has another label.
        """
        keys = {source.name: key for key, source in self.sources.items()}
        used = copies({name: _is_folder(self.sources[key].path) for name, key in keys.items()})
        for name, better in used.items():
            copy, kept = self.sources.pop(keys[name]), self.sources[keys[better]]
            if None not in (copy.label, kept.label) and copy.label != kept.label:
                raise DatasetError(
                    f"{name!r} is {copy.label} in {self._places[keys[name]]}, and {better!r}, the same clip, is "
                    f"{kept.label} in {self._places[keys[better]]}; correct one of them"
                )
            self.skip(name, f"a copy of {better}, which is used")
        if used:
            self.notes.append(copies_note(used))

    def miss(self, name: str, reason: str) -> None:
        """Note what is named and not there."""
        self.missing.append(LeftOut(name=name, reason=reason))

    def skip(self, name: str, reason: str) -> None:
        """Note what is there and left out."""
        self.skipped.append(LeftOut(name=name, reason=reason))

    def listing(self, split: str) -> Listing:
        """All sources, or those of one split; the others are skipped, with the reason."""
        chosen = [source for source in self.sources.values() if split in ("all", source.split)]
        if split != "all":
            for source in self.sources.values():
                if source.split != split:
                    self.skip(source.name, f"of split {source.split}" if source.split else "of no split")
        return self._listing(split, chosen)

    def reference(self, found: Mapping[str, str | None], absent: str) -> Listing:
        """The sources that the reference's list names.

        Args:
            found: key of the source for each name of the list; None where there is none.
            absent: function that says why a name without a source is missing.
        """
        keys = dict.fromkeys(key for key in found.values() if key is not None and key in self.sources)
        for name, key in found.items():
            if key not in keys:
                self.miss(name, absent)
        for key, source in self.sources.items():
            if key not in keys:
                self.skip(source.name, "not in the reference's list")
        return self._listing("reference", [self.sources[key] for key in keys])

    def _listing(self, split: str, sources: Iterable[LabelledSource]) -> Listing:
        return Listing(
            dataset=self.dataset,
            split=split,
            sources=tuple(map(self._linked, sources)),
            missing=tuple(self.missing),
            skipped=tuple(self.skipped),
            notes=tuple(self.notes),
        )

    def _linked(self, source: LabelledSource) -> LabelledSource:
        """A source whose original is the name of a real one, or none."""
        if source.original is None:
            return source
        real = self.sources.get(source.original)
        known = real is not None and (source.label, real.label) == ("FAKE", "REAL")
        return source.model_copy(update={"original": real.name if real and known else None})


def _is_folder(path: str) -> bool:
    """Tell whether a source is a folder of frames; one that is called like a file is not asked for."""
    suffix = os.path.splitext(path)[1].lower()  # noqa: PTH122 - there may be a million
    return suffix not in VIDEO_SUFFIXES | IMAGE_SUFFIXES and os.path.isdir(path)  # noqa: PTH112 - as above
