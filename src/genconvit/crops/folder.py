"""A folder of crops: with a manifest, or the bare train/valid/test x fake/real tree of the reference's users."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from genconvit.core.errors import DatasetError
from genconvit.core.left_out import LeftOut
from genconvit.core.text import first_line
from genconvit.crops.manifest import CSV_NAME, PARQUET_NAME, SPLIT_FOLDERS, ManifestRow, read_manifest
from genconvit.crops.record import CLASSES, SPLITS, CropRecord, Split
from genconvit.crops.same import refuse_shared
from genconvit.data.label_files import LABELS
from genconvit.data.tree import is_unicode
from genconvit.results.result import Label
from genconvit.video.names import source_name
from genconvit.video.suffixes import IMAGE_SUFFIXES

_LAYOUT = f"{{{','.join(SPLITS)}}}/{{{','.join(CLASSES.values())}}}/"
_FRAME = re.compile(r"(.+?)_frame_?\d+(?:_\d+)?", re.IGNORECASE | re.DOTALL)
"""The name of a video, then the frame's number and perhaps the face's."""


@dataclass(frozen=True)
class CropFolder:
    """Records of a folder of crops.

    Attributes:
        root: the folder.
        records: a record a crop, in the manifest's order, or by name in a bare tree.
        skipped: crops that are named or lie there and are left out.
    """

    root: Path
    records: tuple[CropRecord, ...]
    skipped: tuple[LeftOut, ...] = ()


def read_crops(root: Path) -> CropFolder:
    """List the crops of a folder, without decoding an image.

    - With ``manifest.csv`` or ``manifest.parquet`` (the CSV goes first) it is what the manifest names. A crop that is
      not there, or that a link leads out of the folder to, is skipped.
    - Without one it is each image below ``{train,valid,test}/{fake,real}/``, in any case and at any depth; ``val`` and
      ``validation`` mean ``valid``. An image's video is its name up to ``_frame12`` or ``_frame12_0`` at the end, or
      all of it. Links are followed, in no circle. The same image, byte for byte, may not lie in two splits.

    Raises:
        ConfigError: there is a Parquet manifest alone, and no pyarrow.
        DatasetError: the folder is not there, is neither of the two, has a crop in two splits, or its manifest is
            damaged: names the row.
    """
    try:
        entries = sorted(entry.name for entry in os.scandir(root) if entry.is_dir())
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or first_line(error)
        raise DatasetError(f"{str(root)!r} cannot be listed: {reason}; give a folder of crops") from error
    rows = read_manifest(root)
    if rows is not None:
        return _named(root, rows)
    found = _Tree(root)
    for name in entries:
        if name.lower() in SPLIT_FOLDERS:
            found.add_split(name, SPLIT_FOLDERS[name.lower()])
    if not found.classes:
        raise DatasetError(
            f"{str(root)!r} is no folder of crops: it holds neither {CSV_NAME} nor {PARQUET_NAME}, nor folders "
            f"{_LAYOUT}; make one with `genconvit extract`, or sort images into these folders"
        )
    try:
        refuse_shared(root, found.records)
    except OSError as error:
        raise DatasetError(f"{str(root)!r} holds a crop that cannot be read: {error}; check who may read it") from error
    return CropFolder(root, tuple(found.records), tuple(found.skipped))


def need(records: Iterable[CropRecord], split: Split, labels: Sequence[Label] = ("FAKE", "REAL")) -> list[CropRecord]:
    """The records of a split, in their order, with at least one of each label.

    Args:
        records: records of a folder.
        split: split to take.
        labels: classes that there must be; the others are part of what is returned as well.

    Raises:
        DatasetError: the split has no crop, or none of a class.
    """
    every = list(records)
    chosen = [record for record in every if record.split == split]
    there = {record.label for record in chosen}
    lacking = [label for label in labels if label not in there]
    if lacking:
        counts = ", ".join(f"{sum(record.split == each for record in every)} in {each}" for each in SPLITS)
        what = f"no crop that is {lacking[0]}" if chosen else "no crop"
        raise DatasetError(
            f"split {split} has {what}, and needs {' and '.join(labels)}; there are {counts}: add crops to "
            f"{split}/{CLASSES[lacking[0]]}/, or run `genconvit extract` with other --fractions"
        )
    return chosen


def _named(root: Path, rows: Iterator[ManifestRow]) -> CropFolder:
    disk = _Disk(root)
    first: dict[str, tuple[str, CropRecord]] = {}
    split_of: dict[str, Split] = {}
    skipped = []
    for place, record in rows:
        known = first.get(record.crop)
        if known and (known[1].label, known[1].split) != (record.label, record.split):
            raise DatasetError(
                f"{place}: {record.crop!r} has another label or split in {known[0]}; correct one of them"
            )
        if split_of.setdefault(record.video, record.split) != record.split:
            raise DatasetError(
                f"{place}: video {record.video!r} is in {record.split} and in {split_of[record.video]}; crops of one "
                "video belong into one split"
            )
        problem = "named again" if known else disk.problem(record.crop)
        if problem:
            skipped.append(LeftOut(name=record.crop, reason=problem))
        else:
            first[record.crop] = (place, record)
    return CropFolder(root, tuple(record for _, record in first.values()), tuple(skipped))


@dataclass
class _Disk:
    """Files in the folders that crops are named in."""

    root: Path
    _folders: dict[str, dict[str, bool] | None] = field(default_factory=dict)

    def problem(self, crop: str) -> str | None:
        """Say why a crop is none; None where it is one."""
        folder, _, name = crop.rpartition("/")
        if folder not in self._folders:
            self._folders[folder] = self._list(folder)
        files = self._folders[folder]
        if files is None:
            return "its folder is not there, or a link that leads out of the manifest's"
        if name not in files:
            return "no such file"
        return None if files[name] or self._leads_inside(crop) else "no file below the manifest's folder"

    def _list(self, folder: str) -> dict[str, bool] | None:
        """The names in a folder, and whether each is a regular file and no link."""
        path = self.root / folder
        try:
            if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self.root)):
                return None
            with os.scandir(path) as entries:
                return {entry.name: entry.is_file(follow_symlinks=False) for entry in entries}
        except (OSError, ValueError):
            return None

    def _leads_inside(self, crop: str) -> bool:
        target = Path(os.path.realpath(self.root / crop))
        return target.is_relative_to(os.path.realpath(self.root)) and _is_regular(target)


@dataclass
class _Tree:
    """The images of a tree without a manifest."""

    root: Path
    records: list[CropRecord] = field(default_factory=list)
    skipped: list[LeftOut] = field(default_factory=list)
    classes: int = 0

    def add_split(self, name: str, split: Split) -> None:
        for entry in sorted(os.listdir(self.root / name)):  # noqa: PTH208 - names, not paths
            label = LABELS.get(entry.lower())
            if label and (self.root / name / entry).is_dir():
                self.classes += 1
                self._add_class(f"{name}/{entry}", split, label)
            elif not entry.startswith("."):
                self.skipped.append(LeftOut(name=source_name(f"{name}/{entry}"), reason="neither fake/ nor real/"))

    def _add_class(self, folder: str, split: Split, label: Label) -> None:
        seen: set[str] = set()
        for place, folders, files in os.walk(self.root / folder, followlinks=True):
            real = os.path.realpath(place)
            folders[:] = [] if real in seen else sorted(each for each in folders if not each.startswith("."))
            if real in seen:
                continue
            seen.add(real)
            below = Path(place).relative_to(self.root).as_posix()
            others = 0
            for file in sorted(each for each in files if not each.startswith(".")):
                stem, suffix = os.path.splitext(file)  # noqa: PTH122 - there may be a million
                if suffix.lower() not in IMAGE_SUFFIXES:
                    others += 1
                    continue
                problem = self._problem(f"{below}/{file}")
                if problem:
                    self.skipped.append(LeftOut(name=source_name(f"{below}/{file}"), reason=problem))
                    continue
                match = _FRAME.fullmatch(stem)
                video = match[1] if match else stem
                self.records.append(CropRecord(crop=f"{below}/{file}", label=label, split=split, video=video))
            if others:
                reason = "1 file that is no image" if others == 1 else f"{others} files that are no images"
                self.skipped.append(LeftOut(name=source_name(f"{below}/"), reason=reason))

    def _problem(self, name: str) -> str | None:
        if not is_unicode(name):
            return "its name is not UTF-8; rename it"
        return None if _is_regular(self.root / name) else "no regular file"


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False
