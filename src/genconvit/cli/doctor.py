"""``genconvit doctor``: what this machine has, and what to do about what is missing."""

from __future__ import annotations

import sys

from genconvit.cli.output import console_for
from genconvit.core.text import printable

_STYLES = {"ok": "green", "missing": "yellow", "broken": "red"}


def doctor() -> None:
    """Say what this machine has: devices, decoders, face detectors, weights and extras, and what to do about the rest.

    Nothing is downloaded. A clip is decoded and a portrait searched, which takes some seconds.

    Exit status: 1 when something is broken, else 0; what is missing is only worth knowing.
    """
    from rich.table import Table
    from rich.text import Text

    from genconvit.doctor import examine

    table = Table("", "", "state", "found", "what to do")
    broken, last = False, ""
    for diagnosis in examine():
        kind = "" if diagnosis.kind == last else diagnosis.kind
        last = diagnosis.kind
        broken = broken or diagnosis.state == "broken"
        cells = [Text(printable(each), overflow="fold") for each in (kind, diagnosis.name)]
        cells.append(Text(diagnosis.state, style=_STYLES[diagnosis.state]))
        cells += [Text(printable(each), overflow="fold") for each in (diagnosis.detail, diagnosis.advice)]
        table.add_row(*cells)
    console_for(sys.stdout).print(table)
    if broken:
        sys.exit(1)
