"""Label files as they come, from anyone: read within bounds, with an error that names the file and the next step."""

from __future__ import annotations

import csv
import json
import posixpath
import stat
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from genconvit.core.errors import DatasetError
from genconvit.core.text import first_line
from genconvit.results.result import Label

MOST_BYTES = 512_000_000
"""The longest label file that is read. DFDC's labels, of 128,154 videos, are 20 million bytes."""

LONGEST_LINE = 1 << 20
"""Most characters of a line, with its end."""

LABELS: dict[str, Label] = {"fake": "FAKE", "real": "REAL"}
SPLIT_NAMES = {"train": "train", "valid": "val", "validation": "val", "val": "val", "test": "test"}
"""Names of splits in data sets, lower case, and the library's name for each."""


class RepeatedKeys(dict[str, Any]):
    """A JSON object in which keys are repeated. The first value of each counts.

    Attributes:
        repeated: the later ones, in their order.
    """

    def __init__(self, pairs: Sequence[tuple[str, Any]]) -> None:
        super().__init__()
        self.repeated: list[tuple[str, Any]] = []
        for key, value in pairs:
            if key in self:
                self.repeated.append((key, value))
            else:
                self[key] = value


def read_json(path: Path) -> object:
    """The value of a JSON file; an object in which keys are repeated is a ``RepeatedKeys``.

    Raises:
        DatasetError: the file cannot be read, is too long, nested too deeply, or is not JSON.
    """
    try:
        return json.loads(read_text(path), object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else first_line(error)
        raise DatasetError(f"{str(path)!r} is not the JSON that it should be: {reason}; get the file again") from error


def read_rows(path: Path, needed: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file with a header: the line that each ends on, and its cells by column, stripped.

    Columns are named in lower case; a column without a name is left out, and so are empty lines.

    Args:
        path: the file: UTF-8, separated by commas.
        needed: the columns that the header must have.

    Raises:
        DatasetError: the file cannot be read, lacks a column, names one twice, or a row has more or fewer cells.
    """
    reader = csv.reader(text_lines(path, MOST_BYTES), strict=True)
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        _check_header(path, header, needed)
        for row in reader:
            if not row:
                continue
            if len(row) != len(header):
                raise DatasetError(
                    f"{str(path)!r}, line {reader.line_num}: {len(row)} cells where the header has {len(header)}; "
                    "put a cell that holds a comma into double quotes"
                )
            cells = {name: cell.strip() for name, cell in zip(header, row, strict=True) if name}
            yield reader.line_num, cells
    except csv.Error as error:
        raise DatasetError(
            f"{str(path)!r}, line {reader.line_num}: not CSV ({first_line(error)}); save it as comma-separated UTF-8"
        ) from error


def text_lines(path: Path, most_bytes: int | None = None) -> Iterator[str]:
    """The lines of a file in UTF-8, with or without a byte order mark, one by one, as ``csv.reader`` takes them.

    Args:
        path: the file.
        most_bytes: most bytes of the file; None sets no bound.

    Raises:
        DatasetError: it is not there, no regular file, too long, not UTF-8, or has a line longer than ``LONGEST_LINE``.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise DatasetError(f"{str(path)!r} is not a regular file; give a file in UTF-8")
        if most_bytes is not None and status.st_size > most_bytes:
            raise DatasetError(f"{str(path)!r} is longer than the {most_bytes:,} bytes that are read of it; split it")
        with path.open(encoding="utf-8-sig", newline="") as stream:
            while line := stream.readline(LONGEST_LINE):
                if len(line) == LONGEST_LINE:
                    raise DatasetError(
                        f"{str(path)!r} has a line longer than {LONGEST_LINE:,} characters; write it again"
                    )
                yield line
    except UnicodeDecodeError as error:
        raise DatasetError(f"{str(path)!r} is not UTF-8 ({first_line(error)}); save it as UTF-8") from error
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or first_line(error)
        raise DatasetError(f"{str(path)!r} cannot be read: {reason}; check the path and who may read it") from error


def read_text(path: Path) -> str:
    """The text of a file in UTF-8, with or without a byte order mark.

    Raises:
        DatasetError: it is not there, no regular file, longer than ``MOST_BYTES``, or not UTF-8.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise DatasetError(f"{str(path)!r} is not a regular file; give a file of labels")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or first_line(error)
        raise DatasetError(f"{str(path)!r} cannot be read: {reason}; check the path and who may read it") from error
    if len(content) > MOST_BYTES:
        raise DatasetError(
            f"{str(path)!r} is longer than the {MOST_BYTES:,} bytes that are read of a file of labels; split it"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{str(path)!r} is not UTF-8 ({first_line(error)}); save it as UTF-8") from error


def reference_list(dataset: str) -> list[str]:
    """The file names of the reference implementation's test list, which ships with the library.

    Args:
        dataset: ``dfdc``, ``faceforensics`` or ``celeb_df``.
    """
    file = resources.files("genconvit.data") / "lists" / f"reference_{dataset}.json"
    names: list[str] = json.loads(file.read_text(encoding="utf-8"))
    return names


def label_of(value: object) -> Label | None:
    """``FAKE`` or ``REAL`` in any case; None for anything else.

    Examples:
        >>> label_of("fake"), label_of("0"), label_of(None)
        ('FAKE', None, None)
    """
    return LABELS.get(value.strip().lower()) if isinstance(value, str) else None


def inside(folder: str, name: str) -> str | None:
    r"""The name that a label file means, below the data set's root; None where that is no place below it.

    Args:
        folder: folder of the label file, with ``/``, below the root; empty for the root.
        name: name that it gives a file.

    Examples:
        >>> inside("part_0", "a.mp4"), inside("", "./b/c.mp4")
        ('part_0/a.mp4', 'b/c.mp4')
        >>> (
        ...     inside("part_0", "../a.mp4"),
        ...     inside("", "/etc/passwd"),
        ...     inside("", "c:\\a.mp4"),
        ...     inside("", ""),
        ... )
        (None, None, None, None)
    """
    escapes = ".." in name.split("/") or name.startswith("/") or any(sign in name for sign in "\\\0")
    clean = "" if escapes else posixpath.normpath(name)
    return None if clean in ("", ".") or not name else posixpath.join(folder, clean)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    return plain if len(plain) == len(pairs) else RepeatedKeys(pairs)


def _check_header(path: Path, header: Sequence[str], needed: Sequence[str]) -> None:
    named = [name for name in header if name]
    lacking = [name for name in needed if name not in named]
    twice = sorted({name for name in named if named.count(name) > 1})
    if lacking or twice:
        problem = f"lacks the column {lacking[0]!r}" if lacking else f"names the column {twice[0]!r} twice"
        raise DatasetError(
            f"{str(path)!r}: its first line {problem}; it has {', '.join(map(repr, named[:20])) or 'none'}, and needs "
            f"{', '.join(needed)}, separated by commas"
        )
