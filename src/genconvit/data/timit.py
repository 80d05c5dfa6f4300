"""DeepfakeTIMIT: 32 speakers with swapped faces, in two qualities."""

from __future__ import annotations

from pathlib import Path

from genconvit.core.errors import DatasetError
from genconvit.data.base import Dataset, LabelledSource, Listing
from genconvit.data.findings import Findings
from genconvit.data.tree import walk

QUALITIES = ("higher_quality", "lower_quality")
REAL = "real"
NAME = "DeepfakeTIMIT"


class TimitDataset(Dataset):
    """``higher_quality`` and ``lower_quality``, each with a folder a speaker; all of it is fake.

    Fakes have the group ``quality``, their folder. DeepfakeTIMIT comes without real videos. Where a folder ``real``
    lies beside the two, as videos or folders of frames made of VidTIMIT, what is below it is real.
    """

    summary = f"{NAME}: {' and '.join(QUALITIES)}, and real/ beside them for videos from elsewhere"
    splits = ("all",)

    def listing(self, root: Path, split: str) -> Listing:
        """The videos of both qualities; see ``Dataset.listing``."""
        tree = walk(root)
        findings = Findings("timit", skipped=list(tree.left_out), notes=list(tree.notes))
        for name in tree.sources:
            first, _, rest = name.partition("/")
            kind = rest.partition("/")[0] if first == NAME else first
            if kind not in (*QUALITIES, REAL):
                findings.skip(name, f"in none of {', '.join((*QUALITIES, REAL))}")
                continue
            source = LabelledSource(
                path=tree.path(name),
                name=name,
                label="REAL" if kind == REAL else "FAKE",
                groups={} if kind == REAL else {"quality": kind},
                identities=_speaker(name, kind),
            )
            findings.add(source, "its folder")
        labels = {source.label for source in findings.sources.values()}
        if "FAKE" not in labels:
            raise DatasetError(
                f"{str(root)!r} is not DeepfakeTIMIT: neither {' nor '.join(QUALITIES)} lies in it with a video; give "
                "the folder that holds them"
            )
        if "REAL" not in labels:
            findings.notes.append(
                "DeepfakeTIMIT has no real videos: put some into a folder real/ beside the two qualities, or what "
                "needs both classes stays undefined"
            )
        return findings.listing(split)


def _speaker(name: str, kind: str) -> tuple[str, ...]:
    """The folder below the quality's or ``real``, where there is one."""
    below = name.split("/")
    below = below[below.index(kind) + 1 :]
    return (below[0].lower(),) if len(below) > 1 else ()
