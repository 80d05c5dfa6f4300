"""FaceForensics++, with DeepFakeDetection and FaceShifter: methods and compressions, and the official splits."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from genconvit.core.errors import DatasetError
from genconvit.data.base import Dataset, LabelledSource, Listing
from genconvit.data.faceforensics_names import (
    COMPRESSIONS,
    ORIGINALS,
    SPLIT_KINDS,
    TOPS,
    UNKNOWN,
    Clip,
    clip_of,
    clip_of_listed,
)
from genconvit.data.findings import Findings
from genconvit.data.label_files import read_json, reference_list
from genconvit.data.tree import Tree, walk

SPLITS = ("train", "val", "test")
SPLIT_FILES = frozenset(f"{folder}{split}.json" for folder in ("", "splits/") for split in SPLITS)
PREFERRED = ("c23", "raw", "c40")
"""The compressions that a listed name without one is looked for in, in this order."""


class FaceForensicsDataset(Dataset):
    """``original_sequences`` and ``manipulated_sequences``, as the official download script lays them out.

    - Fakes have the group ``method``, reals the group ``source`` (``youtube`` or ``actors``), and all of them
      ``compression``. A method or compression that neither folder nor name tells is called ``unknown``. A fake's
      original is that of the same compression.
    - ``train``, ``val`` and ``test`` are the official splits of the 1000 YouTube videos and what was made of them. They
      need the official files ``train.json``, ``val.json`` and ``test.json``, pairs of ids, in the root or in
      ``splits/``. ``actors`` and ``DeepFakeDetection`` are in none of them.
    - ``reference`` finds each listed name as a file of that very name, or at its official place.
    """

    summary = (
        f"FaceForensics++: original_sequences/{{{','.join(ORIGINALS)}}} and manipulated_sequences/METHOD, "
        f"then {{{','.join(COMPRESSIONS)}}}/videos"
    )
    splits = ("all", "test", "val", "train", "reference")

    def listing(self, root: Path, split: str) -> Listing:
        """The videos of both halves; see ``Dataset.listing``."""
        tree = walk(root, labels=tuple(f"{name}.json" for name in SPLITS))
        findings = Findings("faceforensics", skipped=list(tree.left_out), notes=list(tree.notes))
        split_of = _official_splits(tree)
        if split in SPLITS and split not in split_of.values():
            raise DatasetError(
                f"{str(root)!r} lacks {split}.json, the official list of split {split!r}; copy train.json, val.json "
                "and test.json of FaceForensics++'s repository (dataset/splits) there, or take --split all or reference"
            )
        if not split_of:
            findings.notes.append("train.json, val.json and test.json are absent: no video has a split")
        found = {name: clip_of(name) for name in tree.sources}
        clips = {clip: name for name, clip in reversed(found.items()) if isinstance(clip, Clip)}
        for name, clip in found.items():
            if isinstance(clip, str):
                findings.skip(name, clip)
                continue
            part = split_of.get(clip.stem) if clip.kind in SPLIT_KINDS else None
            source = LabelledSource(
                path=tree.path(name),
                name=name,
                label=clip.label,
                split=part,
                groups=clip.groups,
                identities=clip.identities,
                original=clips.get(clip.original) if clip.original else None,
            )
            findings.add(source, "its folder")
        if not clips:
            raise DatasetError(
                f"{str(root)!r} is not FaceForensics++: neither {' nor '.join(TOPS)} lies in it with a video; give the "
                "folder that holds them"
            )
        if split == "reference":
            return findings.reference(_listed(findings, clips), "neither a file of that name nor its official place")
        for clip in _expected(split_of, clips, split):
            findings.miss(
                f"{clip.stem} ({clip.kind}, {clip.compression or UNKNOWN})", f"in {split}.json, not on the disk"
            )
        return findings.listing(split)


def _official_splits(tree: Tree) -> dict[str, str]:
    """The split of each id and of each pair of ids, ``071_054``, by the official files."""
    found: dict[str, str] = {}
    files = {name: Path(name).stem for name in tree.label_files if name in SPLIT_FILES}
    for file, split in files.items():
        for first, second in _pairs(tree.root / file):
            for stem in (first, second, f"{first}_{second}", f"{second}_{first}"):
                if found.setdefault(stem, split) != split:
                    raise DatasetError(
                        f"{stem!r} is in {found[stem]}.json and in {str(tree.root / file)!r}; get the official files"
                    )
    return found


def _expected(split_of: dict[str, str], clips: Iterable[Clip], split: str) -> list[Clip]:
    """List what a split names and the disk lacks, of each method and compression that is there at all."""
    there = set(clips)
    kinds = {dataclasses.replace(clip, stem="") for clip in there if clip.kind in SPLIT_KINDS}
    stems = sorted(stem for stem, its_split in split_of.items() if its_split == split)
    wanted = [
        dataclasses.replace(kind, stem=stem)
        for kind in sorted(kinds, key=str)
        for stem in stems
        if ("_" in stem) == (kind.label == "FAKE")
    ]
    return [clip for clip in wanted if clip not in there]


def _pairs(path: Path) -> list[tuple[str, str]]:
    content: Any = read_json(path)
    for pair in content if isinstance(content, list) else [None]:
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(each, str) for each in pair)):
            raise DatasetError(
                f"{str(path)!r} is no list of pairs of ids, like [['071', '054'], ...]: {str(pair)[:60]}; get the "
                "official file again"
            )
    return [(pair[0], pair[1]) for pair in content]


def _listed(findings: Findings, clips: dict[Clip, str]) -> dict[str, str | None]:
    """Give each name of the reference's list the source that it means."""
    bare = {name.rpartition("/")[2]: name for name in reversed(findings.sources)}
    found: dict[str, str | None] = {}
    for listed in reference_list("faceforensics"):
        clip = clip_of_listed(listed)
        places = [clip] if clip.compression else [clip.at(compression) for compression in PREFERRED]
        official = next((clips[place] for place in places if place in clips), None)
        found[listed] = bare.get(listed, official)
    return found
