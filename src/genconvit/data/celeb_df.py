"""Celeb-DF, version 1 and 2: celebrities, videos of others, and the official list of test videos."""

from __future__ import annotations

import re
from collections.abc import Container
from pathlib import Path

from genconvit.core.errors import DatasetError
from genconvit.data.base import Dataset, LabelledSource, Listing
from genconvit.data.findings import Findings
from genconvit.data.label_files import inside, read_text, reference_list
from genconvit.data.tree import Tree, walk
from genconvit.results.result import Label
from genconvit.video.copies import clip_name

FOLDERS: dict[str, Label] = {"Celeb-real": "REAL", "YouTube-real": "REAL", "Celeb-synthesis": "FAKE"}
TEST_LIST = "List_of_testing_videos.txt"
LABELS: dict[str, Label] = {"1": "REAL", "0": "FAKE"}
_CELEBRITY = re.compile(r"id\d+(?=_)")
_SWAP = re.compile(r"Celeb-synthesis/(?P<target>id\d+)_id\d+_(?P<video>\d+)")


class CelebDFDataset(Dataset):
    """``Celeb-real``, ``YouTube-real`` and ``Celeb-synthesis``; reals have the group ``source``, their folder.

    The original of ``id0_id1_0002``, where another face was put on id0, is ``id0_0002`` of ``Celeb-real``.

    The split ``test`` is what ``List_of_testing_videos.txt`` names, where 1 is real; ``train`` is everything
    else. A listed video is found under its name, also where it lies there as frames alone.
    """

    summary = f"Celeb-DF: {', '.join(FOLDERS)}, and {TEST_LIST}"
    splits = ("test", "train", "all", "reference")

    def listing(self, root: Path, split: str) -> Listing:
        """The videos of the three folders; see ``Dataset.listing``."""
        tree = walk(root, labels=(TEST_LIST,))
        present = {name.partition("/")[0] for name in tree.sources} & FOLDERS.keys()
        if not present:
            raise DatasetError(
                f"{str(root)!r} is not Celeb-DF: none of the folders {', '.join(FOLDERS)} lies in it with a video; "
                "give the folder that holds them"
            )
        findings = Findings("celeb-df", skipped=list(tree.left_out), notes=list(tree.notes))
        clips = {clip_name(name): name for name in reversed(tree.sources)}
        tested = self._tested(tree, clips, findings, split)
        for name in tree.sources:
            folder = name.partition("/")[0]
            if folder not in FOLDERS:
                findings.skip(name, f"in none of the folders {', '.join(FOLDERS)}")
                continue
            clip = clip_name(name)
            part = None if tested is None else "test" if clip in tested else "train"
            label = FOLDERS[folder]
            groups = {"source": folder} if label == "REAL" else {}
            swap = _SWAP.fullmatch(clip)
            source = LabelledSource(
                path=tree.path(name),
                name=name,
                label=label,
                split=part,
                groups=groups,
                identities=tuple(_CELEBRITY.findall(name.rpartition("/")[2])),
                original=clips.get(f"Celeb-real/{swap['target']}_{swap['video']}") if swap else None,
            )
            findings.add(source, "its folder")
        absent = sorted(FOLDERS.keys() - present)
        if absent:
            findings.notes.append(f"absent: {', '.join(absent)}")
        if split == "reference":
            found = {name: clips.get(clip_name(_as_on_disk(name))) for name in reference_list("celeb_df")}
            return findings.reference(found, "no such file")
        return findings.listing(split)

    def _tested(self, tree: Tree, clips: Container[str], findings: Findings, split: str) -> frozenset[str] | None:
        """The clips that the official list names; None where it is not there and not needed."""
        if TEST_LIST not in tree.label_files:
            if split in ("test", "train"):
                raise DatasetError(
                    f"{str(tree.root)!r} lacks {TEST_LIST}, which says what split {split!r} is; copy it there from the "
                    "data set, or take --split reference or --split all"
                )
            findings.notes.append(f"{TEST_LIST} is absent: no video has a split")
            return None
        named = _official_list(tree.root / TEST_LIST, findings)
        if split in ("test", "all"):
            for name in named:
                if clip_name(name) not in clips:
                    findings.miss(name, f"in {TEST_LIST}, and not on the disk")
        return frozenset(map(clip_name, named))


def _official_list(path: Path, findings: Findings) -> dict[str, int]:
    """The names in the official list, and their lines."""
    named: dict[str, int] = {}
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if not line.strip():
            continue
        digit, _, given = line.strip().partition(" ")
        name = inside("", given.strip())
        label = LABELS.get(digit)
        if label is None or not given:
            raise DatasetError(
                f"{str(path)!r}, line {number}: {line[:80]!r} is not a digit, 1 for real or 0 for fake, and a path; "
                "get the file again"
            )
        if name is None:
            findings.skip(given, f"{TEST_LIST}, line {number}: a place outside of the data set")
        elif label != FOLDERS.get(name.partition("/")[0], label):
            raise DatasetError(
                f"{str(path)!r}, line {number}: {name!r} is called {label}, which its folder contradicts; get the "
                "file again"
            )
        elif name in named:
            findings.skip(name, f"{TEST_LIST}, line {number}: named again; line {named[name]} counts")
        else:
            named[name] = number
    return named


def _as_on_disk(name: str) -> str:
    """One name of the reference's list has lost the last letter of its suffix."""
    return f"{name}4" if name.endswith(".mp") else name
