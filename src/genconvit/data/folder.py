"""Any videos, sorted into folders called ``real`` and ``fake``."""

from __future__ import annotations

from pathlib import Path

from genconvit.data.base import Dataset, LabelledSource, Listing
from genconvit.data.findings import Findings
from genconvit.data.label_files import LABELS, SPLIT_NAMES
from genconvit.data.tree import walk


class FolderDataset(Dataset):
    """Everything below a folder called ``real`` or ``fake``, in any case and at any depth.

    The folder that holds ``real`` and ``fake`` gives the split where it is called ``train``, ``valid``, ``validation``,
    ``val`` or ``test``. Images that lie right in ``real`` or ``fake`` are a source each, as in the crops that
    the reference was trained on; a folder of images below them is the frames of one source.
    """

    summary = "folders real/ and fake/, at any depth; below train/, valid/ and test/ where they are split"
    splits = ("all", "train", "val", "test")

    def listing(self, root: Path, split: str) -> Listing:
        """List what lies in the two folders; see ``Dataset.listing``."""
        tree = walk(root, single_images=_is_label)
        findings = Findings("folder", skipped=list(tree.left_out), notes=list(tree.notes))
        for name in tree.sources:
            folders = name.lower().split("/")[:-1]
            places = [number for number, part in enumerate(folders) if part in LABELS]
            labels = {LABELS[folders[place]] for place in places}
            if len(labels) == 1:
                above = folders[places[0] - 1] if places[0] else ""
                source = LabelledSource(
                    path=tree.path(name), name=name, label=labels.pop(), split=SPLIT_NAMES.get(above)
                )
                findings.add(source, "its folder")
            else:
                findings.skip(name, "below both real/ and fake/" if labels else "below neither real/ nor fake/")
        return findings.listing(split)


def _is_label(folder: str) -> bool:
    return folder.lower().rpartition("/")[2] in LABELS
