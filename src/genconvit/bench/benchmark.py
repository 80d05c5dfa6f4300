"""The whole benchmark: clips and weights where none are given, stage by stage, and in fresh processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from genconvit.assemble import assemble
from genconvit.bench.bench_result import BenchResult, FreshRun, StageTiming, this_machine
from genconvit.bench.fresh import run_fresh
from genconvit.bench.stages import Stages
from genconvit.bench.training_examples import example_rows
from genconvit.core.device import PRECISIONS, Precision, resolve_device, resolve_precision
from genconvit.data.sample import PORTRAIT, write_clip
from genconvit.registry import ARCHITECTURES
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
    face_detectors: Sequence[tuple[str, str | None]] = (),
    repeats: int = 3,
    examples: bool = True,
) -> BenchResult:
    """Measure a detector on this machine.

    Args:
        base: the detector; weights of None or ``"random"`` are made, as a converted file.
        clips: videos; where there are none, some are made.
        precisions: precisions of the networks; none is fp32, and bf16 where the hardware computes in it.
        face_detectors: names, each with its model; none is the base's.
        repeats: number of times that everything is measured.
        examples: measure the making of examples for a training too.

    Raises:
        GenConViTError: a clip cannot be read, there is no face in them, or the detector cannot be built.
    """
    device = resolve_device(base.device)
    notes = []
    if not precisions:
        precisions = PRECISIONS if resolve_precision("auto", device) == "bf16" else ("fp32",)
        if len(precisions) == 1:
            notes.append(
                "bf16 is left out: this hardware does not compute in it; --precision bf16 measures it all the same"
            )
    rows: list[StageTiming] = []
    runs: list[FreshRun] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        described = "given" if clips else f"made: {CLIPS} of {CLIP_FRAMES} frames, 1280 x 720, {PORTRAIT}"
        clips = clips or list(_make_clips(folder))
        for precision in precisions:
            weights = _weights(base, precision, folder)
            for name, model in face_detectors or [(base.face_detector, base.face_model)]:
                update = {"weights": weights, "precision": precision, "face_detector": name, "face_model": model}
                config = base.model_copy(update=update)
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


def _weights(base: DetectorConfig, precision: Precision, folder: Path) -> str | dict[str, str]:
    """Choose what the detector reads its weights from; a file where they would be random, in fp32 for int8."""
    if base.weights not in (None, "random"):
        return base.weights
    stored: StoredPrecision = "fp32" if precision == "int8" else precision
    path = folder / f"{stored}.safetensors"
    if not path.exists():
        loaded = load_model(base.architecture, ARCHITECTURES.load(base.architecture), base.model, "random")
        save_model(loaded, base.architecture, path, precision=stored)
    return str(path)
