"""``genconvit demo``: the whole way of a clip, without a download."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from genconvit.cli.destination import check_writable
from genconvit.cli.output import basis_of
from genconvit.errors import ConfigError
from genconvit.text import printable


def demo(
    keep: Annotated[Path | None, typer.Option(help="Write the clip here and keep it.", metavar="FILE")] = None,
) -> None:
    """Make a short clip from a public-domain portrait and run the whole pipeline on it.

    The weights are random, so the score means nothing; the way to it is the real one.
    """
    if keep:
        if keep.suffix.lower() != ".mp4":
            raise ConfigError(f"--keep {str(keep)!r} must end in .mp4")
        check_writable("--keep", keep)
    from genconvit.detector import Detector
    from genconvit.result import UNTRAINED
    from genconvit.sample import PORTRAIT, write_clip

    with tempfile.TemporaryDirectory() as folder:
        clip = keep or Path(folder) / "astronaut.mp4"
        write_clip(clip)
        typer.echo(f"made {printable(clip.name)}: two seconds of {PORTRAIT}")
        with Detector("original", weights="random") as detector:
            result = detector.predict(clip)
    for face in result.faces:
        left, top, right, bottom = face.box
        typer.echo(
            f"frame {face.frame_index:2d} at {face.pts_seconds:.2f} s: face at ({left:.0f}, {top:.0f}) to "
            f"({right:.0f}, {bottom:.0f}), detected with {face.confidence:.2f}"
        )
    typer.echo(printable(str(result)))
    typer.echo(basis_of(result.provenance))
    typer.echo(
        f"{UNTRAINED}; the weights are random, so the score means nothing. For a real one: genconvit predict CLIP, "
        "which downloads the published weights (3 GB) once."
    )
