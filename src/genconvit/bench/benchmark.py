"""The whole benchmark: clips and weights where none are given, stage by stage, and in fresh processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from genconvit.assemble import assemble, assemble_runtime
from genconvit.bench.bench_result import BenchResult, FreshRun, StageTiming, this_machine
from genconvit.bench.combinations import Combination, combinations
from genconvit.bench.fresh import run_fresh
from genconvit.bench.stages import Stages
from genconvit.bench.training_examples import example_rows
from genconvit.core.device import Precision, resolve_device
from genconvit.core.progress import shown
from genconvit.data.sample import PORTRAIT, write_clip
from genconvit.registry import ARCHITECTURES
from genconvit.runtimes.choice import RuntimeChoice
from genconvit.runtimes.export import export_weights
from genconvit.runtimes.exported import FORMATS, SUFFIXES, exported_path, read_exported
from genconvit.runtimes.int8_options import Int8Options
from genconvit.settings import DetectorConfig
from genconvit.weights.convert import save_model
from genconvit.weights.library_file import StoredPrecision
from genconvit.weights.load import load_model

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
        base: the detector; weights of None or ``"random"`` are made, as a converted file.
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
            chosen = _with_weights(base, pair, folder)
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


def _with_weights(base: DetectorConfig, pair: Combination, folder: Path) -> DetectorConfig:
    """Give the config of a combination; weights that would be random are made, as a file that opens without more."""
    runtime, precision = pair
    update: dict[str, Any] = {"runtime": runtime, "precision": precision}
    if precision != "int8":
        update |= {"int8_crops": None, "int8_max_change": None}
    config = base.model_copy(update=update)
    if base.weights not in (None, "random"):
        return config
    resolved = assemble_runtime(config.model_copy(update={"weights": "random"}))
    if resolved == "torch":
        return config.model_copy(update={"weights": str(_stored(base, precision, folder))})
    path = folder / f"{precision}{SUFFIXES[FORMATS[resolved]]}"
    if not path.exists():
        int8 = (config.int8 or Int8Options()) if precision == "int8" else None
        with shown(f"exporting {base.architecture} for {resolved} in {precision}, once"):
            export_weights(
                base.architecture,
                ARCHITECTURES.load(base.architecture),
                base.model,
                str(_stored(base, precision, folder)),
                path,
                file_format=FORMATS[resolved],
                int8=int8,
            )
    return config.model_copy(update={"weights": str(path), "int8_crops": None, "int8_max_change": None})


def _stored(base: DetectorConfig, precision: Precision, folder: Path) -> Path:
    """Give the path of a converted file of random weights, in fp32 for int8."""
    stored: StoredPrecision = "bf16" if precision == "bf16" else "fp32"
    path = folder / f"{stored}.safetensors"
    if not path.exists():
        loaded = load_model(base.architecture, ARCHITECTURES.load(base.architecture), base.model, "random")
        save_model(loaded, base.architecture, path, precision=stored)
    return path
