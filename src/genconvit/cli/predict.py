"""``genconvit predict``: score videos, images and folders."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genconvit.cli.destination import opened, refuse_inputs
from genconvit.cli.options import detector_config, parse_weights, weights_files
from genconvit.cli.output import Format, write_results

if TYPE_CHECKING:
    from genconvit.result import VideoResult

EXIT_UNREADABLE = 3


def _name(text: str, default: str) -> Any:  # noqa: ANN401 - typer's own type is private
    return typer.Option(help=text, metavar="NAME", show_default=default)


Paths = Annotated[list[str], typer.Argument(help="Files, folders or globs. A folder of frames is one source.")]
ArchFlag = Annotated[str | None, _name("original, v2, or a plugin's.", "original")]
ModeFlag = Annotated[str | None, _name("ed, vae, genconvit; with --arch v2 also v2.", "genconvit, or v2")]
AttentionFlag = Annotated[
    bool | None, typer.Option("--attention/--no-attention", help="V2: cross-attention between the branches.")
]
ResidualFlag = Annotated[
    bool | None, typer.Option("--residual/--no-residual", help="V2: residuals around its new layers.")
]
SizeFlag = Annotated[str | None, _name("tiny or large.", "tiny")]
WeightsFlag = Annotated[
    list[str] | None, _name("published, random, FILE, a hub id; or twice: ed=FILE, vae=FILE.", "published")
]
FramesFlag = Annotated[
    int | None, typer.Option(help="Evenly spaced frames to look at; -1: all.", metavar="N", show_default="15")
]
DeviceFlag = Annotated[str | None, _name("auto, cpu, cuda, cuda:N or mps.", "auto")]
PrecisionFlag = Annotated[str | None, _name("fp32 or bf16.", "fp32")]
FaceDetectorFlag = Annotated[str | None, _name("auto, insightface, mtcnn, or a plugin's.", "auto")]
FaceModelFlag = Annotated[
    str | None,
    typer.Option(
        help="For insightface: an ONNX file, a folder, or a pack on disk such as buffalo_l. Its pretrained packs are "
        "for non-commercial research only.",
        metavar="FILE",
    ),
]
DecoderFlag = Annotated[str | None, _name("auto, decord, pyav, or a plugin's.", "auto")]
ExtraFlag = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Any other option, such as latent=mean or max_faces=5."),
]
ConfigFlag = Annotated[
    Path | None, typer.Option(help="A detector's config as JSON; flags override it.", metavar="FILE")
]
FormatFlag = Annotated[
    Format | None, typer.Option(help="How results are written.", show_default="by the suffix of --output, or table")
]
OutputFlag = Annotated[Path | None, typer.Option(help="Where results are written instead of stdout.", metavar="FILE")]


def predict(
    paths: Paths,
    arch: ArchFlag = None,
    mode: ModeFlag = None,
    attention: AttentionFlag = None,
    residual: ResidualFlag = None,
    size: SizeFlag = None,
    weights: WeightsFlag = None,
    frames: FramesFlag = None,
    device: DeviceFlag = None,
    precision: PrecisionFlag = None,
    face_detector: FaceDetectorFlag = None,
    face_model: FaceModelFlag = None,
    decoder: DecoderFlag = None,
    extra: ExtraFlag = None,
    config: ConfigFlag = None,
    format: FormatFlag = None,  # noqa: A002 - the flag
    output: OutputFlag = None,
) -> None:
    """Score videos, images and folders of frames.

    Exit status: 0 when every source was answered (no face is an answer), 3 when one was unreadable, 2 for a wrong
    option, 1 when the weights cannot be had, 130 when interrupted. Then --output holds what was finished, as CSV and
    JSON lines, or else what it held before.
    """
    from genconvit.detector import Detector
    from genconvit.video.sources import expand_paths

    flags: dict[str, tuple[str, Any]] = {
        "architecture": ("--arch", arch),
        "mode": ("--mode", mode),
        "attention": ("--attention" if attention else "--no-attention", attention),
        "residual": ("--residual" if residual else "--no-residual", residual),
        "size": ("--size", size),
        "weights": ("--weights", parse_weights(weights)),
        "frames": ("--frames", frames),
        "device": ("--device", device),
        "precision": ("--precision", precision),
        "face_detector": ("--face-detector", face_detector),
        "face_model": ("--face-model", face_model),
        "decoder": ("--decoder", decoder),
    }
    made = detector_config(config, flags, extra)
    sources = expand_paths(paths)
    if output:
        others = [each for each in (config, made.face_model) if each]
        refuse_inputs("--output", output, [*sources, *others, *weights_files(made.weights)])
    form = format or Format.of(output)
    statuses: set[str] = set()
    with opened(output, keep_partial=form.streams) as stream, Detector(made) as detector:
        results = _with_progress(detector.predict_many(sources), len(sources))
        write_results(_noting_status(results, statuses), form, stream)
    if "unreadable" in statuses:
        sys.exit(EXIT_UNREADABLE)


def _noting_status(results: Iterable[VideoResult], statuses: set[str]) -> Iterator[VideoResult]:
    for result in results:
        statuses.add(result.status)
        yield result


def _with_progress(results: Iterable[VideoResult], count: int) -> Iterator[VideoResult]:
    """Show how far it is on stderr, where that is a terminal."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield from bar.track(results, total=count, description="scoring")
