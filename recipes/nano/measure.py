"""Measure the small V2 that ships with the library: the figures of docs/nano.md.

Run it: python -m recipes.nano.measure --crops DIR/crops --videos VIDEOS --portraits PORTRAITS --json measured.json

DIR/crops are the crops that build.py unpacked, VIDEOS a folder of clips, PORTRAITS photographs of real people, one
each, with the manifest.json that says which of them are of the test split. It prints the tables, and --json keeps the
numbers. Intervals are of 95 %, by a bootstrap over original videos or a clip's faces. The ladder of degradations is
ladder.py's, the ablation ablation.py's.
"""

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from genconvit import Detector
from genconvit.assemble import assemble
from genconvit.metrics.intervals import Resampling, measures_of
from genconvit.metrics.measures import Sample, measure_values
from genconvit.pipeline.scorer import Scorer
from genconvit.results.result import VideoResult
from genconvit.settings import DetectorConfig
from genconvit.verdict.decision_rule import DecisionRule
from recipes.nano.faces import Faces, read_faces
from recipes.nano.figures import Clip, Figures, Mistakes, Ranking, Strangers

OPTIONS: dict[str, Any] = {"face_detector": "mtcnn", "precision": "fp32", "device": "cpu", "runtime": "torch"}
"""Options of the detector; with them the figures are the same on every machine, but for the last digits."""


def measure(config: DetectorConfig, crops: Path, videos: Path, portraits: Path) -> Figures:
    """Every figure."""
    parts = assemble(config)
    model = parts.model
    if model is None:
        raise SystemExit("the figures are of PyTorch's network; give runtime='torch'")
    test = read_faces(crops, "test", parts.scorer.input_size, "test split")
    scores = scored(parts.scorer, test)
    sets = [(test, scores), *test.thirds(test.widths, "faces", "pixels wide", scores)]
    sets += test.thirds(test.brightness, "mean luma", "of 255", scores)
    alike = test.alike()
    with Detector(config) as detector:
        said = strangers(detector, portraits)
        clips = [of_clip(detector, path) for path in sorted(videos.iterdir())]
    (weights,) = parts.provenance.weights.files
    return Figures(
        weights_sha256=weights.sha256,
        megabytes=round(sum(2 * tensor.numel() for tensor in model.state_dict().values()) / 1e6, 1),
        parameters=sum(each.numel() for each in model.parameters()),
        ms_per_face=milliseconds(parts.scorer, 16),
        ms_of_one_face=milliseconds(parts.scorer, 1),
        rankings=[ranking(*each) for each in [*sets, (alike, scored(parts.scorer, alike))]],
        mistakes=mistakes(parts.rule, test, scores),
        strangers=said,
        clips=clips,
    )


def scored(scorer: Scorer, faces: Faces) -> npt.NDArray[np.float64]:
    """The fake probability of each, float64 [N], before any calibration."""
    return scorer.score(faces.images).fake_probability.astype(np.float64)


def ranking(faces: Faces, scores: npt.NDArray[np.float64]) -> Ranking:
    """The ROC AUC of faces, with its interval."""
    measured = measures_of(faces.sample(scores), Resampling())["roc_auc"]
    values = (measured.value, measured.low, measured.high)
    auc, low, high = (float("nan") if value is None else round(value, 4) for value in values)
    reals, fakes = int((~faces.truth).sum()), int(faces.truth.sum())
    return Ranking(of=faces.name, reals=reals, fakes=fakes, roc_auc=auc, low=low, high=high)


def mistakes(rule: DecisionRule, faces: Faces, scores: npt.NDArray[np.float64]) -> Mistakes:
    """Measure how often labels are wrong, with the shipped calibration and with and without its band."""
    rulings = [rule.ruling(float(score), trained=True) for score in scores]
    calibrated = np.array(
        [score if each.calibrated is None else each.calibrated for score, each in zip(scores, rulings, strict=True)]
    )
    called = np.array([each.label == "FAKE" for each in rulings])
    said = np.array([each.label is not None for each in rulings])
    weights = np.where(faces.truth, 0.5 / faces.truth.sum(), 0.5 / (~faces.truth).sum())
    wrong = called != faces.truth
    fakes = calibrated > 0.5
    return Mistakes(
        reals_called_fake=round(float(fakes[~faces.truth].mean()), 4),
        fakes_called_real=round(float((~fakes)[faces.truth].mean()), 4),
        inconclusive=round(float(weights[~said].sum()), 4),
        wrong_outside=round(float(weights[said & wrong].sum() / weights[said].sum()), 4),
        calibration_error_before=calibration_error(faces, scores),
        calibration_error=calibration_error(faces, calibrated),
    )


def calibration_error(faces: Faces, probabilities: npt.NDArray[np.float64]) -> float:
    """The expected calibration error, reals and fakes counted alike: each row comes as often as there are others."""
    times = np.where(faces.truth, (~faces.truth).sum(), faces.truth.sum())
    truth, scores = np.repeat(faces.truth, times), np.repeat(probabilities, times)
    rows = Sample(truth, scores, (scores > 0.5).astype(np.int8), np.arange(len(truth)))
    value = measure_values(rows)["calibration_error"]
    return round(float(value), 4)


def strangers(detector: Detector, portraits: Path) -> Strangers:
    """Count what is said of real people in photographs of another kind than it learned from."""
    listed = json.loads((portraits / "manifest.json").read_text(encoding="utf-8"))
    paths = [portraits / each["file"] for each in listed if each["split"] == "test"]
    results = list(detector.predict_many(paths))
    labels = [result.label or result.status for result in results]
    return Strangers(photographs=len(paths), said={label: labels.count(label) for label in sorted(set(labels))})


def of_clip(detector: Detector, path: Path) -> Clip:
    """A clip's score, and what drawing its faces anew makes of it."""
    result = detector.predict(path)
    if result.fake_probability is None:
        raise SystemExit(f"{path.name} has no score: {result.verdict}")
    scores = np.array([face.fake_probability for face in result.faces])
    random = np.random.default_rng(0)
    means = scores[random.integers(len(scores), size=(1000, len(scores)))].mean(axis=1)
    low, high = (round(float(value), 4) for value in np.percentile(means, (2.5, 97.5)))
    return Clip(
        name=path.name,
        faces=len(scores),
        fake_probability=round(result.fake_probability, 4),
        low=low,
        high=high,
        calibrated=rounded(result),
        said=result.label or result.status,
    )


def rounded(result: VideoResult) -> float | None:
    """The calibrated probability of a result."""
    return None if result.calibrated_probability is None else round(result.calibrated_probability, 4)


def milliseconds(scorer: Scorer, faces: int) -> float:
    """The median time of a face on one core, with so many at once, after a first call."""
    side = scorer.input_size
    images = np.random.default_rng(0).integers(256, size=(faces, side, side, 3), dtype=np.uint8)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        scorer.score(images)
        times = []
        for _ in range(9):
            start = time.perf_counter()
            scorer.score(images)
            times.append((time.perf_counter() - start) / faces)
    finally:
        torch.set_num_threads(before)
    return round(1000 * statistics.median(times), 1)


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crops", type=Path, required=True)
    parser.add_argument("--videos", type=Path, required=True)
    parser.add_argument("--portraits", type=Path, required=True)
    parser.add_argument("--weights", default="embedded")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    config = DetectorConfig.from_options("v2", weights=options.weights, **OPTIONS)
    figures = measure(config, options.crops, options.videos, options.portraits)
    print(figures.tables())
    print(f"\n{figures.parameters} parameters, {figures.megabytes} MB in fp16", end="; ")
    print(f"one core: {figures.ms_per_face} ms a face in a batch of 16, {figures.ms_of_one_face} ms for one alone")
    if options.json:
        options.json.write_text(figures.model_dump_json(indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
