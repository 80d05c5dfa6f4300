"""``genconvit demo``: the whole way of two clips, without a download."""

from __future__ import annotations

import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genconvit.cli.destination import check_writable
from genconvit.core.errors import ConfigError
from genconvit.core.text import printable

if TYPE_CHECKING:
    from genconvit.core.types import ImageArray


def demo(
    keep: Annotated[
        Path | None, typer.Option(help="Write the first clip here and keep both of them.", metavar="FILE")
    ] = None,
) -> None:
    """Score a short clip of a public-domain portrait, and a copy with the face blended.

    The network is the small V2 that ships with the library, see docs/nano.md.
    """
    if keep:
        if keep.suffix.lower() != ".mp4":
            raise ConfigError(f"--keep {str(keep)!r} must end in .mp4")
        check_writable("--keep", keep)
        check_writable("--keep", _beside(keep))
    from genconvit.data.sample import PORTRAIT, write_clip
    from genconvit.detector import Detector
    from genconvit.results.table import basis_of

    with tempfile.TemporaryDirectory() as folder, Detector(weights="embedded") as detector:
        clip = keep or Path(folder) / "astronaut.mp4"
        write_clip(clip)
        typer.echo(f"made {printable(clip.name)}: two seconds of {PORTRAIT}")
        write_clip(_beside(clip), image=_blended_portrait())
        typer.echo(f"made {printable(_beside(clip).name)}: the same with a recoloured copy of the face blended into it")
        results = [detector.predict(each) for each in (clip, _beside(clip))]
    for result in results:
        typer.echo(printable(str(result)))
    typer.echo(basis_of(results[0].provenance))
    typer.echo("The network is small (docs/nano.md). The published ones, 3 GB to download once: genconvit predict CLIP")


def _beside(clip: Path) -> Path:
    return clip.with_stem(f"{clip.stem}_blended")


def _blended_portrait() -> ImageArray:
    """The portrait with a self-blended face, made as the small network's training made its fakes."""
    import numpy as np

    from genconvit.data.sample import FACE, LANDMARKS, portrait
    from genconvit.train.self_blended import SelfBlendConfig, self_blend

    image = portrait().copy()
    left, top, right, bottom = FACE
    face = image[top:bottom, left:right].copy()
    config = SelfBlendConfig(strength=(2, 2), ratios=(1.0,))
    tries = (self_blend(face, LANDMARKS, config, np.random.default_rng(seed)) for seed in count())
    made = next(each for each in tries if np.array_equal(each.real, face))  # what surrounds the face stays as it is
    image[top:bottom, left:right] = made.fake
    return image
