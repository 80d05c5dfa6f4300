"""``genconvit plugins``: what is installed, from metadata alone."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from genconvit.cli.output import console_for
from genconvit.core.errors import PluginError
from genconvit.core.text import printable


def plugins(
    check: Annotated[bool, typer.Option("--check", help="Load each plugin and print why one fails.")] = False,
) -> None:
    """List the architectures, face detectors, video decoders and data sets that are installed.

    Exit status: 1 when --check finds a broken plugin, else 0.
    """
    from rich.table import Table
    from rich.text import Text

    from genconvit.registry import REGISTRIES

    table = Table("name", "group", "distribution", "version", *(["check"] if check else []))
    broken = False
    for registry in REGISTRIES:
        for plugin in registry.plugins():
            cells = [plugin.name, plugin.group, plugin.distribution, plugin.version]
            if check:
                cells.append("ok")
                try:
                    registry.load(plugin.name)
                except PluginError as error:
                    cells[-1], broken = str(error), True
            table.add_row(*(Text(printable(cell), overflow="fold") for cell in cells))
    console_for(sys.stdout).print(table)
    if broken:
        sys.exit(1)
