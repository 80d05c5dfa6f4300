"""The program: its commands, and what an error looks like."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from genconvit.cli.demo import demo
from genconvit.cli.plugins import plugins
from genconvit.cli.predict import predict
from genconvit.cli.weights import weights
from genconvit.errors import ConfigError, GenConViTError, PluginError
from genconvit.text import printable
from genconvit.version import __version__

LINE_BREAK = "\n"
EXIT_FAILED = 1
EXIT_USAGE = 2

app = typer.Typer(
    name="genconvit",
    help="Tell whether the faces in a video are real or manipulated, and what that answer rests on.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(predict)
app.command()(plugins)
app.add_typer(weights, name="weights")
app.command()(demo)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"genconvit {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    del version


def main() -> None:
    """Run the program; an error of the library is one message on stderr and an exit status."""
    try:
        app()
    except GenConViTError as error:
        typer.echo(f"error: {printable(str(error), keep=LINE_BREAK)}", err=True)
        sys.exit(EXIT_USAGE if isinstance(error, (ConfigError, PluginError)) else EXIT_FAILED)
