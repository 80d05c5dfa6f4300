"""``genconvit plugins``: what is installed, from metadata alone, and whether it keeps to its contract."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genconvit.cli.output import console_for
from genconvit.core.errors import PluginError
from genconvit.core.text import printable

if TYPE_CHECKING:
    from genconvit.registry import PluginInfo, Registry


def plugins(
    check: Annotated[bool, typer.Option("--check", help="Load each plugin and print why one fails.")] = False,
    run: Annotated[
        bool, typer.Option("--run", help="With --check: run it through what the library relies on as well.")
    ] = False,
) -> None:
    """List the architectures, face detectors, video decoders and data sets that are installed.

    With --check --run each is built small and tried: configs and weights through files, faces alone and among others,
    dtypes, empty input, errors for what is wrong.

    Exit status: 1 when a plugin is broken or fails a check, else 0.
    """
    from rich.table import Table
    from rich.text import Text

    from genconvit.registry import REGISTRIES

    table = Table("name", "group", "distribution", "version", *(["check"] if check or run else []))
    broken = False
    for registry in REGISTRIES:
        for plugin in registry.plugins():
            cells = [plugin.name, plugin.group, plugin.distribution, plugin.version]
            if check or run:
                found, holds = _checked(registry, plugin, run=run)
                cells.append(found)
                broken = broken or not holds
            table.add_row(*(Text(printable(cell, keep="\n"), overflow="fold") for cell in cells))
    console_for(sys.stdout).print(table)
    if broken:
        sys.exit(1)


def _checked(registry: Registry[Any], plugin: PluginInfo, *, run: bool) -> tuple[str, bool]:
    """Say what there is to say of a plugin, and whether it is whole."""
    try:
        if not run:
            registry.load(plugin.name)
            return "ok", True
        from genconvit.testing import contract_checks

        checks = contract_checks(plugin.name, registry.group)
    except PluginError as error:
        return str(error), False
    outcomes = [(each, each.outcome()) for each in checks]
    count = sum(outcome.status == "ok" for _, outcome in outcomes)
    lines = [f"{count} of {len(outcomes)} ok"]
    told: set[str] = set()
    for each, outcome in outcomes:
        if outcome.status == "failed":
            lines.append(f"failed: {each.title}: {outcome.reason}")
        elif outcome.status == "skipped" and outcome.reason not in told:
            told.add(outcome.reason)
            lines.append(f"skipped: {outcome.reason}")
    return "\n".join(lines), all(outcome.status != "failed" for _, outcome in outcomes)
