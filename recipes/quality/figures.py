"""Tables and the picture of docs/face_quality.md, from what score.py wrote.

Run it: python -m recipes.quality.figures --work work --portraits PORTRAITS --json measured.json --plot face_quality.png

PORTRAITS are photographs of real people with the manifest.json that holds SCRFD's box and landmarks of each.
Intervals are of 95 %, by a bootstrap over originals.
"""

import argparse
import itertools
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from genconvit.core.types import DetectedFace
from genconvit.faces.quality import measure_quality
from genconvit.faces.scrfd import InsightFaceDetector
from genconvit.metrics.intervals import Resampling, measures_of, paired_differences
from genconvit.metrics.measures import FAKE, REAL, Sample
from genconvit.results.quality import KIND_WORDS, QualityFinding, findings_of
from genconvit.video.images import read_image
from recipes.quality.plot import draw
from recipes.quality.scored import Scored
from recipes.quality.steps import MOST_LOSS, Figures, Step
from recipes.quality.worse import MEASURED, WAYS, Way

TURNS = (0, 10, 20, 30, 40, 90)
"""Edges of the groups by the turn of the head, in degrees."""

RESAMPLING = Resampling(resamples=200)


def sample_of(scored: Scored) -> Sample:
    """The scores against the truth."""
    clusters = np.unique(scored.originals, return_inverse=True)[1].astype(np.int64)
    return Sample(scored.truth, scored.scores, np.where(scored.scores > 0.5, FAKE, REAL).astype(np.int8), clusters)


def step_of(scored: Scored, strength: float, value: float, clean: Scored | None = None) -> Step:
    """The measures of some crops, and what they lose against the same crops as they are."""
    measured = measures_of(sample_of(scored), RESAMPLING)
    auc, balanced = measured["roc_auc"], measured["balanced_accuracy"]
    lost = paired_differences(sample_of(clean), sample_of(scored), RESAMPLING)["roc_auc"] if clean else None
    numbers = {
        "roc_auc": auc.value,
        "low": auc.low,
        "high": auc.high,
        "balanced_accuracy": balanced.value,
        "loss": lost.value if lost else None,
        "loss_low": lost.low if lost else None,
        "loss_high": lost.high if lost else None,
    }
    rounded = {name: None if number is None else round(number, 4) for name, number in numbers.items()}
    return Step.model_validate({"strength": strength, "value": round(value, 4), "faces": len(scored.rows), **rounded})


def steps_of(way: Way, clean: Scored, work: Path) -> Iterator[Step]:
    """The crops as they are, and each strength."""
    column = MEASURED.index(way.value)
    worse = {strength: Scored.read(work / f"{way.kind}_{strength}.npz") for strength in way.strengths}
    same = clean.only(worse[way.strengths[0]].rows)
    for strength, scored in {way.clean: same, **worse}.items():
        yield step_of(scored, strength, float(np.median(scored.quality[:, column])), same)


def turned(clean: Scored, turns: npt.NDArray[np.float64]) -> Iterator[Step]:
    """The crops as they are, in groups by the turn of the head."""
    for low, high in itertools.pairwise(TURNS):
        group = clean.only(np.flatnonzero((np.abs(turns) >= low) & (np.abs(turns) < high)))
        yield step_of(group, low, float(np.median(np.abs(turns[group.rows]))))


def at_loss(steps: Sequence[Step]) -> float | None:
    """The measured value at which ``MOST_LOSS`` is lost, on a line between two steps."""
    for before, after in itertools.pairwise(steps):
        first, second = before.loss or 0.0, after.loss or 0.0
        if first < MOST_LOSS <= second:
            return round(before.value + (after.value - before.value) * (MOST_LOSS - first) / (second - first), 4)
    return None


def findings_of_portraits(portraits: Path) -> list[tuple[QualityFinding, ...]]:
    """The findings about each portrait."""
    found = []
    for entry in json.loads((portraits / "manifest.json").read_text(encoding="utf-8")):
        face = DetectedFace(tuple(entry["box"]), 1.0, np.array(entry["landmarks"], np.float32))
        image = read_image(portraits / entry["file"])
        found.append(findings_of(measure_quality(image, face, InsightFaceDetector.square_rule)))
    return found


def shares(findings: Sequence[Sequence[QualityFinding]]) -> dict[str, float]:
    """The share of faces with each kind of finding, and with any."""
    counts = Counter(finding.kind for each in findings for finding in each)
    named = {KIND_WORDS[kind]: counts[kind] for kind in KIND_WORDS}
    return {name: round(count / len(findings), 4) for name, count in {**named, "any": sum(map(bool, findings))}.items()}


def main() -> None:
    """Read, measure, print, keep, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--portraits", type=Path, required=True)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--plot", type=Path, required=True)
    options = parser.parse_args()
    clean = Scored.read(options.work / "clean.npz")
    ways = {way.kind: tuple(steps_of(way, clean, options.work)) for way in WAYS}
    figures = Figures(
        ways={**ways, "in_profile": tuple(turned(clean, np.load(options.work / "turns.npy")))},
        at_loss={kind: at_loss(steps) for kind, steps in ways.items()},
        portraits=shares(findings_of_portraits(options.portraits)),
    )
    options.json.write_text(figures.model_dump_json(indent=1) + "\n", encoding="utf-8")
    print(figures.tables())
    draw(figures, options.plot)


if __name__ == "__main__":
    main()
