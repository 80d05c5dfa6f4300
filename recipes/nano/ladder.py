"""Strength of the small V2 against compression, scaling and blur: a ladder of degradations over the test split.

Run it: python -m recipes.nano.ladder --crops DIR/crops --json ladder.json --plot docs/nano_ladder.png

Each crop is degraded as a whole, as `genconvit robustness` degrades frames. For H.264 it is a still video of itself.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from genconvit.assemble import Parts, assemble
from genconvit.core.types import ImageArray
from genconvit.crops.folder import need, read_crops
from genconvit.crops.record import CropRecord
from genconvit.evaluation.robustness import RobustnessReport, StepInfo, StepSummary, VideoSteps, summarise_steps
from genconvit.metrics.intervals import Resampling
from genconvit.plots.robustness import plot_robustness
from genconvit.plots.style import save
from genconvit.robustness.degrade import DEGRADATIONS, Degradation, FaceContext
from genconvit.robustness.reencode import AROUND, Gathered, encoded_anew
from genconvit.settings import DetectorConfig
from genconvit.train.window import as_square
from genconvit.video.images import read_image
from recipes.nano.measure import OPTIONS

STRENGTHS: dict[str, tuple[float, ...]] = {
    "jpeg": (50, 10),
    "h264": (28, 40),
    "rescale": (0.5, 0.25),
    "blur": (1, 2),
}
CLEAN = StepInfo(degradation="none", label="clean", unit="", strength=None)


class Ladder(BaseModel):
    """ROC AUC at every step."""

    weights_sha256: str
    """SHA-256 of the file that was measured."""

    steps: list[StepSummary]
    """The clean crops, and each strength of each degradation."""

    def table(self) -> str:
        """Give the ladder in Markdown."""
        lines = ["| degradation | strength | ROC AUC | 95 % interval |", "|---|---|---|---|"]
        for step in self.steps:
            strength = "" if step.strength is None else f"{step.strength:g} ({step.unit})"
            auc = step.roc_auc
            lines.append(f"| {step.label} | {strength} | {auc.value:.3f} | {auc.low:.3f} to {auc.high:.3f} |")
        return "\n".join(lines)


def measure(config: DetectorConfig, crops: Path, folder: Path) -> RobustnessReport:
    """Score the test split at every step; the folder is for temporary videos."""
    parts = assemble(config)
    root = read_crops(crops)
    records = need(root.records, "test")
    images = [read_image(root.root / record.crop) for record in records]
    steps, scores, seconds = [CLEAN], [scored(parts, images)], [0.0]
    for name, strengths in STRENGTHS.items():
        for strength in strengths:
            start = time.perf_counter()
            worse = [degraded(image, DEGRADATIONS[name], strength, folder) for image in images]
            seconds.append(time.perf_counter() - start)
            steps.append(step_of(DEGRADATIONS[name], strength))
            scores.append(scored(parts, worse))
            print(name, strength, flush=True)
    videos = [steps_of(parts, record, each) for record, *each in zip(records, *scores, strict=True)]
    resampling = Resampling()
    return RobustnessReport(
        dataset="DFDC crops",
        split="test",
        frames=1,
        trained=True,
        provenance=parts.provenance,
        resampling=resampling,
        steps=summarise_steps(steps, videos, seconds, resampling, trained=True),
        videos=tuple(videos),
        seconds=sum(seconds),
    )


def degraded(image: ImageArray, kind: Degradation, strength: float, folder: Path) -> ImageArray:
    """A crop, RGB uint8 [S, S, 3], degraded as a whole."""
    if kind.apply is not None:
        square = (0.0, 0.0, float(len(image)), float(len(image)))
        return kind.apply(image, strength, FaceContext(square, np.random.default_rng(0)))
    still = Gathered([(index, image) for index in range(2 * AROUND + 1)], frozenset({AROUND}))
    ((_, encoded),) = encoded_anew("a crop", still, strength, folder / "still.mp4")
    return encoded


def scored(parts: Parts, images: Sequence[ImageArray]) -> list[float]:
    """The fake probability of each crop."""
    faces = np.stack([as_square(image, (), parts.scorer.input_size)[0] for image in images])
    scores: list[float] = parts.scorer.score(faces).fake_probability.tolist()
    return scores


def step_of(kind: Degradation, strength: float) -> StepInfo:
    """One strength of a degradation."""
    return StepInfo(degradation=kind.name, label=kind.label, unit=kind.unit, strength=strength, clean=kind.clean)


def steps_of(parts: Parts, record: CropRecord, scores: Sequence[float]) -> VideoSteps:
    """A crop's scores and labels at every step."""
    labels = tuple(parts.rule.ruling(score, trained=True).label for score in scores)
    return VideoSteps(
        name=record.video, truth=record.label, scores=tuple(scores), labels=labels, faces=(1,) * len(scores)
    )


def main() -> None:
    """Measure, print, draw, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crops", type=Path, required=True)
    parser.add_argument("--weights", default="embedded")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    config = DetectorConfig.from_options("v2", weights=options.weights, **OPTIONS)
    with tempfile.TemporaryDirectory(prefix="genconvit-") as folder:
        measured = measure(config, options.crops, Path(folder))
    (weights,) = measured.provenance.weights.files
    ladder = Ladder(weights_sha256=weights.sha256, steps=list(measured.steps))
    print(ladder.table())
    if options.json:
        options.json.write_text(ladder.model_dump_json(indent=1) + "\n", encoding="utf-8")
    if options.plot:
        save(plot_robustness(measured), options.plot)


if __name__ == "__main__":
    main()
