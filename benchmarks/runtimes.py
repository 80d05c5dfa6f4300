"""Compare runtimes and precisions of a network: how far scores lie from PyTorch's in fp32, and the time they take.

Run it: python -m benchmarks.runtimes [--arch v2 --weights embedded] [--crops DIR --every 6] [VARIANT ...]

A variant is a runtime and a precision, such as openvino:int8, or an exported file of the same network. What is not
exported yet is exported into the library's cache, in the time that is printed. DIR are crops with a manifest, as
recipes/nano/crops.py unpacks them, of which the test split is scored; without it the package's portrait is, cropped in
many ways, whose accuracy means nothing. Times are of the process, on one thread, so that other work counts less: the
least of several rounds, in which each variant scores the same 15 crops, in turn with bare calls of timm's backbone.
"""

import argparse
import resource
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import spearmanr
from sklearn.metrics import accuracy_score, roc_auc_score

from genconvit import Detector
from genconvit.bench.floor import backbone_calls, config_of
from genconvit.core.types import ImageArray
from genconvit.data.sample_crops import sample_crops
from recipes.nano.faces import read_faces

REFERENCE, FLOOR = "torch:fp32", "bare timm"
VARIANTS = (REFERENCE, "torch:bf16", "onnxruntime:fp32", "openvino:fp32", "onnxruntime:int8", "openvino:int8")
TIMED, PORTRAIT_CROPS = 15, 45

Scores = npt.NDArray[np.float64]


def opened(variant: str, options: argparse.Namespace) -> Detector:
    """Open a variant, and print how long that took and what is known of its int8."""
    start = time.perf_counter()
    named: dict[str, Any] = {"weights": variant}
    if ":" in variant:
        runtime, precision = variant.split(":")
        named = {"architecture": options.arch, "weights": options.weights, "runtime": runtime, "precision": precision}
        if precision == "int8":
            named |= {"int8_crops": options.int8_crops, "int8_max_change": options.int8_max_change}
    detector = Detector(**named, device="cpu", face_detector="mtcnn")
    said = detector._open().parts.provenance.quantisation
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{variant}: opened in {time.perf_counter() - start:.0f} s, {peak:.1f} GiB at the peak so far", flush=True)
    if said is not None:
        print(f"  {said.summary}", flush=True)
    return detector


def scores_of(detector: Detector, images: ImageArray) -> Scores:
    """Fake probabilities of crops."""
    return detector.score_faces(images).fake_probability.astype(np.float64)


def row(variant: str, wanted: Scores, found: Scores, truth: npt.NDArray[np.bool_] | None, ratio: float) -> str:
    """A line of the table."""
    change, labels = np.abs(found - wanted), found > 0.5
    cells = [
        f"`{variant.replace(':', '` ')}" if ":" in variant else variant,
        f"{change.max():.2g}",
        f"{change.mean():.2g}",
        f"{spearmanr(wanted, found).statistic:.5f}",
        f"{(labels != (wanted > 0.5)).mean():.2%}",
        "" if truth is None else f"{roc_auc_score(truth, found):.4f}",
        "" if truth is None else f"{accuracy_score(truth, labels):.4f}",
        f"{ratio:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def seconds(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The least time of the process for each call, in turn with the others."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.process_time()
            call()
            taken[name].append(time.process_time() - start)
    return {name: min(each) for name, each in taken.items()}


def compare(options: argparse.Namespace) -> None:
    """Open the variants, time them, score the crops, and print a table."""
    variants = list(dict.fromkeys((REFERENCE, *options.variants)))
    detectors = {variant: opened(variant, options) for variant in variants}
    parts = detectors[REFERENCE]._open().parts
    scorer = parts.scorer
    side, truth = scorer.input_spec.size, None
    if options.crops:
        faces = read_faces(options.crops, "test", side, "test split")
        images, truth = faces.images[:: options.every], faces.truth[:: options.every]
    else:
        images = sample_crops(side, PORTRAIT_CROPS, seed=0)
    calls: dict[str, Callable[[], object]] = {
        variant: partial(scores_of, detector, images[:TIMED]) for variant, detector in detectors.items()
    }
    bare = backbone_calls(scorer, config_of(parts.provenance), [TIMED])
    times = seconds({**calls, FLOOR: bare} if bare else calls, options.rounds)
    scores = {variant: scores_of(detector, images) for variant, detector in detectors.items()}
    print(f"{len(images)} crops, {times[REFERENCE]:.2f} s for {TIMED} in {REFERENCE}\n")
    print("| | max change | mean change | rank correlation | changed labels | AUC | accuracy | time |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for variant in variants:
        print(row(variant, scores[REFERENCE], scores[variant], truth, times[variant] / times[REFERENCE]))
    if bare:
        print(f"| {FLOOR} | | | | | | | {times[FLOOR] / times[REFERENCE]:.2f} |")


def main() -> None:
    """Read the arguments and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arch", default="v2")
    parser.add_argument("--weights", default="embedded")
    parser.add_argument("--crops", type=Path)
    parser.add_argument("--every", type=int, default=1, help="score only every Nth crop")
    parser.add_argument("--int8-crops")
    parser.add_argument("--int8-max-change", type=float, default=0.05)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("variants", nargs="*", default=VARIANTS)
    torch.set_num_threads(1)
    compare(parser.parse_args())


if __name__ == "__main__":
    main()
