"""A CSV file of paths and labels: the data set for everything else."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from genconvit.core.addresses import is_remote
from genconvit.core.errors import DatasetError
from genconvit.data.base import Dataset, LabelledSource, Listing
from genconvit.data.findings import Findings
from genconvit.data.label_files import SPLIT_NAMES, label_of, read_rows
from genconvit.results.result import Label
from genconvit.video.names import source_name
from genconvit.video.suffixes import IMAGE_SUFFIXES


class CsvDataset(Dataset):
    """The columns ``path`` and ``label``, ``split``, ``identity``, ``original``, and any others, which become groups.

    - A path is a video, an image or a folder of frames, absolute or relative to the CSV's folder, or an address
      (``https://``, ``s3://``, ``gs://``), whose server is not asked before it is scored. It may lead anywhere, for who
      writes the file chooses the paths; so do not evaluate a CSV of a stranger's.
    - A label is ``FAKE`` or ``REAL`` in any case, or empty where it is not known. ``0`` and ``1`` are refused:
      fake is 0 to the networks and 1 in DFDC's labels, so no guess would be safe.
    - A split is any word; ``valid`` and ``validation`` mean ``val``. Splits of other names are part of ``all`` alone.
    - An identity is who or which source video is shown; several are parted by ``;``.
    - An original is the path of the real video that a fake was made from; it counts where a row is of that path.
    - An empty cell is no value: its source counts in each group of that column.
    - A clip that is named as a video and as frames or faces counts once.
    """

    summary = "a CSV file with the columns path and label, and split, identity, original, group and others where wanted"
    splits = ("all", "train", "val", "test")

    def listing(self, root: Path, split: str) -> Listing:
        """List what the rows name; see ``Dataset.listing``."""
        if root.is_dir():
            raise DatasetError(f"{str(root)!r} is a folder; give the CSV file, or use the data set 'folder'")
        findings = Findings("csv")
        folder = str(root.parent)
        real_folder = os.path.realpath(folder)
        for line, cells in read_rows(root, ("path", "label")):
            given, label, word = cells.pop("path"), cells.pop("label"), cells.pop("split", "")
            identities = (each.strip() for each in cells.pop("identity", "").split(";"))
            original = cells.pop("original", "")
            place = f"line {line}"
            path = given if is_remote(given) else _path(folder, given)
            problem = "" if is_remote(given) else _problem(given, path)
            if problem == "":
                source = LabelledSource(
                    path=path,
                    name=source_name(given) if is_remote(given) else given,
                    label=_label(root, line, label),
                    split=SPLIT_NAMES.get(word.lower(), word) or None,
                    groups={column: value for column, value in cells.items() if value},
                    identities=tuple(filter(None, identities)),
                    original=_real(real_folder, original) if original else None,
                )
                findings.add(source, place, key=_real(real_folder, given))
            elif problem is None:
                findings.miss(given, f"{place}: no such file")
            else:
                findings.skip(given, f"{place}: {problem}")
        findings.drop_copies()
        return findings.listing(split)


def _path(folder: str, given: str) -> str:
    return os.path.normpath(os.path.join(folder, given))  # noqa: PTH118 - there may be a million


def _real(folder: str, given: str) -> str:
    """Give what makes two paths one source: the target of a link."""
    if is_remote(given):
        return source_name(given)
    path = _path(folder, given)
    return os.path.realpath(path) if os.path.islink(path) else path  # noqa: PTH114 - there may be a million


def _label(root: Path, line: int, text: str) -> Label | None:
    label = label_of(text)
    if text and label is None:
        raise DatasetError(
            f"{str(root)!r}, line {line}: label {text[:40]!r} is not allowed; write FAKE or REAL, or nothing where it "
            "is not known"
        )
    return label


def _problem(given: str, path: str) -> str | None:
    """Say why a path is no source; empty where it is one, None where nothing is there."""
    if not given:
        return "the path is empty"
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - a million of them, and Path.stat takes twice as long
        if stat.S_ISDIR(mode):
            with os.scandir(path) as entries:
                frames = any(os.path.splitext(entry.name)[1].lower() in IMAGE_SUFFIXES for entry in entries)  # noqa: PTH122 - names
            return "" if frames else "a folder without an image"
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    except ValueError:
        return "not a path"
    return "" if stat.S_ISREG(mode) else "neither a file nor a folder, but a pipe, a socket or a device"
