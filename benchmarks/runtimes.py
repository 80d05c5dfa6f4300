"""Compare runtimes and precisions of the small V2: how far scores lie from PyTorch's in fp32, and the time they take.

Run it: python -m benchmarks.runtimes --crops DIR [--every 6] [torch:fp32 onnxruntime:int8 ...]

DIR are crops with a manifest, as recipes/nano/crops.py unpacks them, of which the test split is scored. Networks are
exported once, into the library's cache. Times are of the process, on one thread, so that other work counts less; each
variant scores the same 15 crops, in turn with the others.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import spearmanr
from sklearn.metrics import accuracy_score, roc_auc_score

from genconvit import Detector
from genconvit.core.types import ImageArray
from recipes.nano.faces import read_faces

VARIANTS = ("torch:fp32", "torch:bf16", "onnxruntime:fp32", "openvino:fp32", "onnxruntime:int8", "openvino:int8")
TIMED, ROUNDS = 15, 7

Scores = npt.NDArray[np.float64]
Score = Callable[[ImageArray], Scores]


def scorer_of(variant: str, int8_crops: str | None) -> Score:
    """Open a variant such as ``openvino:int8``."""
    runtime, precision = variant.split(":")
    crops = int8_crops if precision == "int8" else None
    detector = Detector(
        weights="embedded",
        runtime=runtime,  # type: ignore[arg-type] # the detector checks it
        precision=precision,  # type: ignore[arg-type]
        int8_crops=crops,
        device="cpu",
        face_detector="mtcnn",
    )
    said = detector._open().parts.provenance.quantisation
    if said is not None:
        print(f"{variant}: {said.summary}")
    return lambda images: detector.score_faces(images).fake_probability.astype(np.float64)


def row(variant: str, wanted: Scores, found: Scores, truth: npt.NDArray[np.bool_], ratio: float) -> str:
    """A line of the table."""
    change = np.abs(found - wanted)
    labels = found > 0.5
    cells = (
        f"`{variant.replace(':', '` ')}",
        f"{change.max():.2g}",
        f"{change.mean():.2g}",
        f"{spearmanr(wanted, found).statistic:.5f}",
        f"{(labels != (wanted > 0.5)).mean():.2%}",
        f"{roc_auc_score(truth, found):.4f}",
        f"{accuracy_score(truth, labels):.4f}",
        f"{ratio:.2f}",
    )
    return f"| {' | '.join(cells)} |"


def seconds(scorers: dict[str, Score], images: ImageArray) -> dict[str, float]:
    """The least time of the process for these crops, by variant."""
    taken: dict[str, list[float]] = {variant: [] for variant in scorers}
    for _ in range(ROUNDS):
        for variant, score in scorers.items():
            start = time.process_time()
            score(images)
            taken[variant].append(time.process_time() - start)
    return {variant: min(each) for variant, each in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crops", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1, help="score only every Nth crop")
    parser.add_argument("--int8-crops")
    parser.add_argument("variants", nargs="*", default=VARIANTS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    variants = list(dict.fromkeys((VARIANTS[0], *options.variants)))
    scorers = {variant: scorer_of(variant, options.int8_crops) for variant in variants}
    faces = read_faces(options.crops, "test", 128, "test split")
    images, truth = faces.images[:: options.every], faces.truth[:: options.every]
    times = seconds(scorers, images[:TIMED])
    scores = {variant: score(images) for variant, score in scorers.items()}
    print(f"{len(images)} crops\n")
    print("| | max change | mean change | rank correlation | changed labels | AUC | accuracy | time |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for variant in variants:
        print(row(variant, scores[variants[0]], scores[variant], truth, times[variant] / times[variants[0]]))


if __name__ == "__main__":
    main()
