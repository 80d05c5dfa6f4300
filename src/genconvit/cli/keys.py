"""``genconvit keys``: the keys of a service's clients."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from genconvit.core.text import printable

keys = typer.Typer(no_args_is_help=True, help="Make, list and revoke the keys of genconvit serve --auth.")

Name = Annotated[str, typer.Argument(help="Whose key it is.")]
FileFlag = Annotated[Path, typer.Option("--file", help="The file of keys, which holds their hashes.", metavar="FILE")]


@keys.command()
def add(name: Name, file: FileFlag) -> None:
    """Make a key, and print it this once, with the secret that its webhooks are signed with."""
    from genconvit.serve.keys import add_key

    made, text = add_key(file, name)
    typer.echo(f"key: {text}")
    typer.echo(f"webhook secret: {made.webhook_secret}")


@keys.command("list")
def list_keys(file: FileFlag) -> None:
    """Print the names of the keys, and when each was made."""
    from genconvit.serve.keys import read_keys

    for key in read_keys(file):
        typer.echo(f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime(key.created))}  {printable(key.name)}")


@keys.command()
def revoke(name: Name, file: FileFlag) -> None:
    """Take a key away. A service that runs refuses it at once."""
    from genconvit.serve.keys import revoke_key

    revoke_key(file, name)
