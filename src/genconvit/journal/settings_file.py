"""The file beside results that says by which settings they were made."""

from __future__ import annotations

import json
from pathlib import Path

from genconvit.core.errors import ConfigError, DatasetError
from genconvit.core.files import written_whole
from genconvit.core.text import first_line
from genconvit.journal.settings import Settings, changes


def write_settings(path: Path, settings: Settings) -> None:
    """Write the file, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    with written_whole(path, durable=True) as partial:
        partial.write_text(json.dumps(dict(settings), indent=2) + "\n", encoding="ascii")


def refuse_layout(path: Path, layout: int, results: Path) -> None:
    """Make sure that a journal is not of a version that writes it in another form, before anything in it is touched.

    Args:
        path: path of the file of settings, there or not.
        layout: number of the form that this version writes.
        results: path of the results, for messages.

    Raises:
        DatasetError: it is; nothing here could tell its entries from damaged ones.
    """
    try:
        before = json.loads(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return
    found = before.get("layout", layout) if isinstance(before, dict) else layout
    if found != layout:
        raise DatasetError(
            f"{str(results)!r} was kept by another version of this library, in layout {found!r} where this one has "
            f"{layout}; go on with that version, or take another file"
        )


def refuse_changes(path: Path, settings: Settings, results: Path) -> None:
    """Make sure that settings are those that the file says.

    Args:
        path: path of the file.
        settings: settings of what is to go on.
        results: path of the results, for messages.

    Raises:
        ConfigError: they are others; names what has changed.
        DatasetError: the file is not there, or is no such file.
    """
    try:
        before = json.loads(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"{str(path)!r} does not say by which settings {str(results)!r} was made ({first_line(error)}); put it "
            "back, or move both away to begin anew"
        ) from error
    different = changes(before, settings)
    if different:
        raise ConfigError(
            f"{str(results)!r} holds results of other settings: {'; '.join(different)}; take those again, or another "
            "file"
        )
