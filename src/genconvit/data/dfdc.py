"""The Deepfake Detection Challenge data set: its parts, Kaggle's samples and test set, and the preview."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genconvit.core.errors import DatasetError
from genconvit.data.base import Dataset, LabelledSource, Listing
from genconvit.data.findings import Findings
from genconvit.data.label_files import (
    SPLIT_NAMES,
    RepeatedKeys,
    inside,
    label_of,
    read_json,
    read_rows,
    reference_list,
)
from genconvit.data.tree import Tree, walk
from genconvit.results.result import Label
from genconvit.video.copies import clip_name

LABEL_FILES = ("metadata.json", "labels.csv", "dataset.json")
NUMBERS: dict[str, Label] = {"0": "REAL", "1": "FAKE"}


class DFDCDataset(Dataset):
    """Every folder in which a file of labels lies: ``metadata.json``, ``labels.csv`` or ``dataset.json``.

    - ``metadata.json`` of the training parts and of Kaggle's samples gives ``label`` and ``split`` for each video
      beside it, and the ``original`` of a fake; that of the test set has ``is_fake``, 1 or 0.
    - ``labels.csv`` has the columns ``filename`` and ``label``, where 1 is fake.
    - ``dataset.json`` of the preview gives a label and a ``set`` for each path below it. Its fakes have the group
      ``method``, after the folders ``method_A`` and ``method_B``.

    A video that does not lie where its label says is looked for by its name below the file of labels, also as a folder
    of its frames. Where nothing gives a split, a folder on the way to the file of labels does: ``train...``, ``val...``
    or ``test...``.
    """

    summary = "DFDC: folders with metadata.json, labels.csv or dataset.json beside or above the videos"
    splits = ("all", "train", "val", "test", "reference")

    def listing(self, root: Path, split: str) -> Listing:
        """The videos with a label; see ``Dataset.listing``."""
        tree = walk(root, labels=LABEL_FILES)
        if not tree.label_files:
            raise DatasetError(
                f"{str(root)!r} is not DFDC: none of {', '.join(LABEL_FILES)} lies in it or below; give the folder "
                "that holds one, or use the data set 'folder' or 'csv'"
            )
        findings = Findings("dfdc", skipped=list(tree.left_out), notes=list(tree.notes))
        places = _Places(tree)
        for file in tree.label_files:
            for entry in _entries(tree, file):
                _add(findings, tree, places, file, entry)
        named = findings.sources.keys() | {left_out.name for left_out in findings.skipped}
        for name in tree.sources:
            if name not in named:
                findings.skip(name, f"no label in {', '.join(LABEL_FILES)}")
        if split == "reference":
            bare = {_bare(name): name for name in reversed(findings.sources)}
            found = {name: bare.get(_bare(name)) for name in reference_list("dfdc")}
            return findings.reference(found, "no labelled video of that name")
        return findings.listing(split)


@dataclass(frozen=True)
class _Entry:
    name: str
    label: Label | None
    split: str | None
    is_preview: bool = False
    identities: tuple[str, ...] = ()
    original: str | None = None


class _Places:
    """Places of the videos of a tree, by name and by the bare name of their clip."""

    def __init__(self, tree: Tree) -> None:
        self.sources = frozenset(tree.sources)
        self._by_bare_name: dict[str, list[str]] = defaultdict(list)
        for name in tree.sources:
            self._by_bare_name[_bare(name)].append(name)

    def find(self, folder: str, name: str) -> list[str]:
        """The name itself where it is there, else all of the same bare name below the folder."""
        if name in self.sources:
            return [name]
        below = f"{folder}/" if folder else ""
        return [each for each in self._by_bare_name.get(_bare(name), ()) if each.startswith(below)]

    def only(self, bare_name: str | None) -> str | None:
        """The one of that bare name, wherever it lies; None where there is none or several."""
        found = self._by_bare_name.get(_bare(bare_name or ""), ())
        return found[0] if len(found) == 1 else None


def _bare(name: str) -> str:
    return posixpath.basename(clip_name(name))


def _add(findings: Findings, tree: Tree, places: _Places, file: str, entry: _Entry) -> None:
    folder = posixpath.dirname(file)
    name = inside(folder, entry.name)
    if name is None:
        findings.skip(entry.name, f"{file!r} names a place outside of its own folder")
        return
    found = places.find(folder, name)
    if len(found) != 1:
        findings.miss(name, f"in {file!r}, and {len(found) or 'not'} {'times ' if found else ''}on the disk")
    elif entry.label is None:
        findings.skip(found[0], f"{file!r} gives it no label that is FAKE or REAL")
    else:
        method = next((part for part in found[0].split("/")[:-1] if part.startswith("method_")), None)
        groups = {"method": method} if entry.is_preview and method and entry.label == "FAKE" else {}
        split = entry.split or _split_of(folder)
        source = LabelledSource(
            path=tree.path(found[0]),
            name=found[0],
            label=entry.label,
            split=split,
            groups=groups,
            identities=entry.identities or (posixpath.basename(name),),
            original=places.only(entry.original),
        )
        findings.add(source, repr(file))


def _entries(tree: Tree, file: str) -> Iterator[_Entry]:
    path = tree.root / file
    if file.endswith(".csv"):
        for _, cells in read_rows(path, ("filename", "label")):
            yield _Entry(cells["filename"], _label(cells["label"]), None)
        return
    content = read_json(path)
    if not isinstance(content, dict):
        raise DatasetError(f"{str(path)!r} holds no object of videos and their labels; get the file again")
    repeated = content.repeated if isinstance(content, RepeatedKeys) else []
    is_preview = file.endswith("dataset.json")
    for name, facts in (*content.items(), *repeated):
        known: dict[str, Any] = facts if isinstance(facts, dict) else {}
        label = _label(known.get("label", known.get("is_fake")))
        word = known.get("set" if is_preview else "split")
        split = SPLIT_NAMES.get(word.lower(), word) if isinstance(word, str) else None
        original = _original(known)
        identities = (*([original] if original else []), *_actors(known))
        yield _Entry(name, label, split or None, is_preview, identities, original)


def _original(known: Mapping[str, Any]) -> str | None:
    """The bare name of the video that a fake was made of."""
    original = known.get("original")
    return posixpath.basename(original) if isinstance(original, str) and original else None


def _actors(known: Mapping[str, Any]) -> Iterator[str]:
    """The actors that are in a video of the preview."""
    for key in ("target_id", "swapped_id"):
        actor = known.get(key)
        if isinstance(actor, (int, str)) and actor != "":
            yield f"actor {actor}"


def _label(value: object) -> Label | None:
    """A label as a word, or as DFDC's number."""
    word = str(value).strip() if isinstance(value, (int, str)) else ""
    return NUMBERS.get(word) or label_of(word)


def _split_of(folder: str) -> str | None:
    words = [part for part in folder.lower().removeprefix("dfdc_").split("/") if part]
    known = {word: split for word, split in SPLIT_NAMES.items() if word in ("train", "val", "test")}
    return next((split for part in words for word, split in known.items() if part.startswith(word)), None)
