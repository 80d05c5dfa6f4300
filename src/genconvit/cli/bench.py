"""``genconvit bench``: how fast this machine is, stage by stage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from genconvit.cli.destination import check_writable
from genconvit.cli.flags import ArchFlag, DeviceFlag, ExtraFlag, FaceModelFlag, FramesFlag, ModeFlag
from genconvit.cli.model_flags import ModelOptions, model_options
from genconvit.cli.options import detector_config, parse_weights
from genconvit.cli.output import console_for
from genconvit.core.errors import ConfigError
from genconvit.core.files import written_whole
from genconvit.core.text import printable

if TYPE_CHECKING:
    from rich.table import Table

    from genconvit.bench.bench_result import BenchResult

Name = TypeVar("Name", bound=str)


def _several(flag: str, text: str, default: str) -> object:
    return typer.Option(flag, help=text, metavar="NAME", show_default=default)


Clips = Annotated[list[Path] | None, typer.Argument(help="Videos; left out: some are made.")]
Weights = Annotated[list[str] | None, _several("--weights", "As for predict; random ones take as long.", "random")]
Precisions = Annotated[
    list[str] | None,
    _several(
        "--precision",
        "fp32, bf16 or int8; may be given more than once.",
        "an export's own, or fp32, and bf16 where the hardware computes in it",
    ),
]
Runtimes = Annotated[
    list[str] | None,
    _several("--runtime", "torch, onnxruntime or openvino; may be given more than once.", "as for predict"),
]
Faces = Annotated[list[str] | None, _several("--face-detector", "May be given more than once.", "auto")]


def bench(
    context: typer.Context,
    clips: Clips = None,
    arch: ArchFlag = None,
    mode: ModeFlag = None,
    weights: Weights = None,
    frames: FramesFlag = None,
    device: DeviceFlag = None,
    precision: Precisions = None,
    runtime: Runtimes = None,
    face_detector: Faces = None,
    face_model: FaceModelFlag = None,
    repeats: Annotated[int, typer.Option(help="Of every measurement, after a warm-up.", min=1, max=100)] = 3,
    examples: Annotated[bool, typer.Option(help="Measure the making of examples for a training too.")] = True,
    extra: ExtraFlag = None,
    json: Annotated[Path | None, typer.Option(help="Write everything here too.", metavar="FILE")] = None,
) -> None:
    """Measure decoding, the search for faces, the networks and whole videos on this machine.

    Each stage runs alone and in turn with its floor, and a fresh process opens a detector and scores the clips. Times
    vary on a shared machine: quote the ratios.
    """
    from genconvit.bench.benchmark import run_bench
    from genconvit.core.device import ALL_PRECISIONS
    from genconvit.runtimes.choice import RUNTIMES

    flags: ModelOptions = {
        "architecture": ("--arch", arch),
        "mode": ("--mode", mode),
        "weights": ("--weights", parse_weights(weights) or "random"),
        "frames": ("--frames", frames),
        "device": ("--device", device),
    }
    given = {name: (flag, value) for name, (flag, value) in flags.items() if value is not None}
    base = detector_config(None, {**given, **model_options(context)}, extra)
    precisions = _chosen("--precision", precision, ALL_PRECISIONS)
    runtimes = _chosen("--runtime", runtime, RUNTIMES)
    if json:
        check_writable("--json", json)
    names = face_detector or ["auto"]
    detectors = [(name, None if name == "mtcnn" else face_model) for name in names]
    report = run_bench(
        base,
        clips or [],
        precisions=precisions,
        runtimes=runtimes,
        face_detectors=detectors,
        repeats=repeats,
        examples=examples,
    )
    if json:
        with written_whole(json.resolve()) as partial:
            partial.write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
    show(report)


def _chosen(flag: str, given: list[str] | None, allowed: tuple[Name, ...]) -> list[Name]:
    """Give the values of a flag in the order of those that are allowed, each once."""
    unknown = [name for name in given or () if name not in allowed]
    if unknown:
        raise ConfigError(f"{flag} {unknown[0]!r} is not measured; give {', '.join(allowed)}")
    return [name for name in allowed if name in (given or ())]


def show(report: BenchResult) -> None:
    """Print a report as tables."""
    import sys

    console = console_for(sys.stdout)
    machine = report.machine
    where = f"{machine.gpu or machine.cpu}, {machine.threads} threads, torch {machine.torch}"
    console.print(
        printable(f"{where}; {report.clips}; frames {report.frames}; median of {report.repeats}"), markup=False
    )
    console.print(_stages(report), _fresh(report))
    for note in report.notes:
        console.print(note, markup=False)


def _stages(report: BenchResult) -> Table:
    table = _table("stage", "with", right=("amount", "seconds", "a second"))
    table.add_column("floor")
    table.add_column("ratio to it", justify="right")
    for row in report.rows:
        ratio = f"{row.ratio:.2f}" if row.ratio else ""
        amount = f"{row.amount} {row.unit}"
        table.add_row(
            row.stage, row.setting, amount, f"{row.seconds:.2f}", f"{row.per_second:.2f}", row.floor or "", ratio
        )
    return table


def _fresh(report: BenchResult) -> Table:
    columns = ("import s", "open s", "all videos s", "peak MB open", "peak MB", "a worker's peak MB")
    table = _table("a fresh process", right=columns)
    for run in report.fresh_runs:
        seconds = (run.import_seconds, run.open_seconds, run.predict_seconds)
        megabytes = (run.opening_peak_mb, run.peak_mb, run.worker_peak_mb)
        cells = [*(f"{value:.2f}" for value in seconds), *(f"{value:.0f}" for value in megabytes)]
        table.add_row(f"{run.precision} in {run.runtime}, {run.face_detector}", *cells)
    return table


def _table(*left: str, right: tuple[str, ...]) -> Table:
    from rich.table import Table

    table = Table()
    for name in left:
        table.add_column(name)
    for name in right:
        table.add_column(name, justify="right")
    return table
