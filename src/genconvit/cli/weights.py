"""``genconvit weights``: look at, convert and download weights."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from genconvit.cli.destination import check_writable, refuse_inputs
from genconvit.cli.options import parse_weights, weights_files
from genconvit.core.errors import ConfigError
from genconvit.core.text import printable

weights = typer.Typer(no_args_is_help=True, help="Look at, convert and download weights.")


class Stored(str, Enum):
    """The precisions in which weights are stored."""

    fp32 = "fp32"
    bf16 = "bf16"
    fp16 = "fp16"


@weights.command()
def show(
    file: Annotated[
        Path | None, typer.Argument(help="A weights file, an exported one, or embedded; left out: the published ones.")
    ] = None,
) -> None:
    """Say what a weights file or an exported file holds, or whether the published files are on this machine."""
    from genconvit.runtimes.describe import describe_exported
    from genconvit.runtimes.exported import exported_path
    from genconvit.weights.describe import describe, describe_embedded, describe_published

    if file is None:
        lines = describe_published()
    elif exported_path(file) is not None:
        lines = describe_exported(file)
    elif file == Path("embedded") and not file.exists():
        lines = describe_embedded()
    else:
        lines = describe(file)
    for line in lines:
        typer.echo(printable(line))


@weights.command()
def convert(
    output: Annotated[Path, typer.Option("--output", "-o", help="The safetensors file to write.", metavar="FILE")],
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--weights",
            help="ed=FILE and vae=FILE, one of them, or a file of the library's own; by default the published.",
        ),
    ] = None,
    precision: Annotated[Stored, typer.Option(help="Of the stored tensors.")] = Stored.fp32,
    variational: Annotated[bool, typer.Option(help="Keep var, for trainings with a KL term.")] = False,
    size: Annotated[str, typer.Option(help="tiny or large.")] = "tiny",
) -> None:
    """Write the live tensors of the original's files, or a file of the library's own, as one safetensors file.

    It holds the config too. The published files are 2.9 GB, of which half takes part in no prediction. A file that a
    training wrote is half as large in bf16 or fp16.
    """
    from genconvit.weights.convert import convert_own, convert_reference

    if output.suffix != ".safetensors":
        raise ConfigError(f"--output {str(output)!r} must end in .safetensors")
    spec = parse_weights(source) or "published"
    refuse_inputs("--output", output, weights_files(spec))
    check_writable("--output", output)
    if isinstance(spec, str) and spec != "published":
        if variational or size != "tiny":
            raise ConfigError(
                f"--variational and --size are for the original's files (ed=FILE, vae=FILE); {spec!r} has a config of "
                "its own: leave them out"
            )
        written = convert_own(Path(spec), output, precision=precision.value)
    else:
        written = convert_reference(spec, output, precision=precision.value, variational=variational, size=size)
    size_mb = written.bytes / 1e6
    typer.echo(printable(f"wrote {output} ({written.tensors} tensors, {size_mb:.0f} MB, {precision.value})"))


@weights.command()
def download() -> None:
    """Download the published weights into the hub's cache, or check the ones that are there."""
    from genconvit.weights.hub import PUBLISHED_FILES, PUBLISHED_REPOSITORY
    from genconvit.weights.hub import download as fetch

    for filename in PUBLISHED_FILES.values():
        found = fetch(PUBLISHED_REPOSITORY, filename)
        typer.echo(printable(f"{found.path} (revision {found.revision}, SHA-256 {found.sha256})"))
