"""The whole benchmark: clips and weights where none are given, stage by stage, and in fresh processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from genconvit.assemble import assemble
from genconvit.bench.bench_result import BenchResult, FreshRun, StageTiming, this_machine
from genconvit.bench.combinations import combinations
from genconvit.bench.fresh import run_fresh
from genconvit.bench.made_weights import with_weights
from genconvit.bench.stages import Stages
from genconvit.bench.training_examples import example_rows
from genconvit.core.device import Precision, resolve_device
from genconvit.data.sample import PORTRAIT, write_clip
from genconvit.runtimes.choice import RuntimeChoice
from genconvit.runtimes.exported import exported_path, read_exported
from genconvit.settings import DetectorConfig

CLIPS = 4
CLIP_FRAMES = 150
CLIP_SIZE = (1280, 720)


def run_bench(
    base: DetectorConfig,
    clips: Sequence[Path],
    *,
    precisions: Sequence[Precision] = (),
    runtimes: Sequence[RuntimeChoice] = (),
    face_detectors: Sequence[tuple[str, str | None]] = (),
    repeats: int = 3,
    examples: bool = True,
) -> BenchResult:
    """Measure a detector on this machine.

    Args:
        base: the detector; weights of None or ``"random"`` are made, as a file that opens without more.
        clips: videos; where there are none, some are made.
        precisions: precisions of the networks; none is that of an exported file, else fp32, and bf16 where the hardware
            computes in it.
        runtimes: runtimes of the networks, each measured in those precisions that it computes in; none is the base's.
        face_detectors: names, each with its model; none is the base's.
        repeats: number of times that everything is measured.
        examples: measure the making of examples for a training too.

    Raises:
        GenConViTError: a clip cannot be read, there is no face in them, or the detector cannot be built.
    """
    device = resolve_device(base.device)
    measured, notes = combinations(runtimes or (base.runtime,), precisions or _precision_of_export(base), device)
    rows: list[StageTiming] = []
    runs: list[FreshRun] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        described = "given" if clips else f"made: {CLIPS} of {CLIP_FRAMES} frames, 1280 x 720, {PORTRAIT}"
        clips = clips or list(_make_clips(folder))
        for pair in measured:
            chosen = with_weights(base, pair, folder)
            for name, model in face_detectors or [(base.face_detector, base.face_model)]:
                config = chosen.model_copy(update={"face_detector": name, "face_model": model})
                parts = assemble(config)
                found = parts.provenance
                setting = f"{found.precision} in {found.runtime}, {found.face_detector.name}"
                rows += Stages(parts, clips, setting).rows(repeats)
                parts.readers.close()
                del parts
                runs.append(run_fresh(config, clips))
    rows += example_rows(repeats) if examples else []
    return BenchResult(
        machine=this_machine(device),
        clips=f"{len(clips)} videos, {described}",
        frames=str(base.frames),
        repeats=repeats,
        rows=tuple(rows),
        fresh_runs=tuple(runs),
        notes=tuple(notes),
    )


def _make_clips(folder: Path) -> Iterator[Path]:
    for number in range(CLIPS):
        path = folder / f"{number}.mp4"
        write_clip(path, frames=CLIP_FRAMES, rate=25, width=CLIP_SIZE[0], height=CLIP_SIZE[1])
        yield path


def _precision_of_export(base: DetectorConfig) -> tuple[Precision, ...]:
    path = exported_path(base.weights)
    return () if path is None else (read_exported(path).header.precision,)
