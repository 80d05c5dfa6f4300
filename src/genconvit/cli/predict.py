"""``genconvit predict``: score videos, images and folders."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from genconvit.cli.destination import opened, refuse_inputs
from genconvit.cli.flags import (
    ArchFlag,
    AttentionFlag,
    BatchFlag,
    CompileFlag,
    ConfigFlag,
    DecoderFlag,
    DeviceFlag,
    ExtraFlag,
    FaceDetectorFlag,
    FaceModelFlag,
    FormatFlag,
    FramesFlag,
    IsolateFlag,
    MemoryLimitFlag,
    ModeFlag,
    OutputFlag,
    Paths,
    PersonFlag,
    PrecisionFlag,
    ResidualFlag,
    RuleFlag,
    SizeFlag,
    TimeLimitFlag,
    WeightsFlag,
    WorkersFlag,
)
from genconvit.cli.options import detector_config, parse_weights, weights_files
from genconvit.cli.output import Format, write_results

if TYPE_CHECKING:
    from genconvit.result import VideoResult

EXIT_UNREADABLE = 3


def predict(
    paths: Paths,
    arch: ArchFlag = None,
    mode: ModeFlag = None,
    attention: AttentionFlag = None,
    residual: ResidualFlag = None,
    size: SizeFlag = None,
    weights: WeightsFlag = None,
    frames: FramesFlag = None,
    person: PersonFlag = None,
    score_rule: RuleFlag = None,
    device: DeviceFlag = None,
    precision: PrecisionFlag = None,
    compile: CompileFlag = None,  # noqa: A002 - the flag
    batch_size: BatchFlag = None,
    face_detector: FaceDetectorFlag = None,
    face_model: FaceModelFlag = None,
    decoder: DecoderFlag = None,
    isolate: IsolateFlag = None,
    workers: WorkersFlag = None,
    time_limit: TimeLimitFlag = None,
    memory_limit: MemoryLimitFlag = None,
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
        "person": ("--person", person),
        "score_rule": ("--score-rule", score_rule),
        "device": ("--device", device),
        "precision": ("--precision", precision),
        "compile": ("--compile" if compile else "--no-compile", compile),
        "batch_size": ("--batch-size", batch_size),
        "face_detector": ("--face-detector", face_detector),
        "face_model": ("--face-model", face_model),
        "decoder": ("--decoder", decoder),
        "isolate": ("--isolate" if isolate else "--no-isolate", isolate),
        "workers": ("--workers", workers),
        "time_limit_seconds": ("--time-limit", time_limit),
        "memory_limit_mb": ("--memory-limit", memory_limit),
    }
    made = detector_config(config, flags, extra)
    sources = expand_paths(paths)
    if output:
        others = [each for each in (config, made.face_model) if each]
        refuse_inputs("--output", output, [*sources, *others, *weights_files(made.weights)])
    form = format or Format.of(output)
    statuses: set[str] = set()
    # A list of one source is read in this process; what came out of a folder or a pattern never is.
    given = sources if sources == paths else iter(sources)
    with (
        opened(output, keep_partial=form.streams) as stream,
        Detector(made) as detector,
        closing(detector.predict_many(given)) as found,
    ):
        write_results(_noting_status(_with_progress(found, len(sources)), statuses), form, stream)
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
