"""Opening a detector in a fresh process, in turn with importing PyTorch and reading the same file.

Without a file, one of the original is made, with random weights. The first round does not count: it warms the system's
cache of files, and Python may compile sources in it. Processor time, of the process and its threads, says more than
time where other work goes on beside.

Run it: python benchmarks/open.py [FILE] [--rounds 7] [--precision bf16] [--face-detector mtcnn]
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from genconvit.registry import ARCHITECTURES
from genconvit.weights.convert import save_model
from genconvit.weights.load import load_model

FLOOR = """
import sys
import torch
with open(sys.argv[1], "rb") as file:
    while file.read(1 << 24):
        pass
"""
OPENING = """
import sys
from genconvit import Detector
Detector(weights=sys.argv[1], precision=sys.argv[2], face_detector=sys.argv[3], device="cpu").close()
"""


class Cost(NamedTuple):
    """Seconds of a process, by the clock and of processors."""

    clock: float
    processor: float


def cost(code: str, arguments: list[str]) -> Cost:
    """Run Python in a fresh process; it has to succeed."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, env=environment)  # noqa: S603
    clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def made(folder: str) -> Path:
    """Write a file of the original in bf16, with random weights."""
    path = Path(folder, "original.safetensors")
    loaded = load_model("original", ARCHITECTURES.load("original"), {}, "random")
    save_model(loaded, "original", path, precision="bf16")
    return path


def compare(path: Path, precision: str, face_detector: str, rounds: int) -> None:
    """Measure both in turn, and print every round and the medians of the ratios."""
    ratios: list[Cost] = []
    for number in range(rounds + 1):
        floor = cost(FLOOR, [str(path)])
        opening = cost(OPENING, [str(path), precision, face_detector])
        ratio = Cost(opening.clock / floor.clock, opening.processor / floor.processor)
        print(
            f"{number or 'warm-up'}: floor {floor.clock:.2f} s ({floor.processor:.2f} of processors), opening "
            f"{opening.clock:.2f} s ({opening.processor:.2f}), ratio {ratio.clock:.2f} ({ratio.processor:.2f})"
        )
        ratios += [ratio] if number else []
    clock, processor = (statistics.median(values) for values in zip(*ratios, strict=True))
    print(f"median of {rounds} ratios: {clock:.2f} of the floor's time, {processor:.2f} of its processor time")


def main() -> None:
    """Read the arguments and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", help="weights file of the library's own")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--precision", default="bf16", choices=["bf16", "fp32"])
    parser.add_argument("--face-detector", default="mtcnn")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compare(chosen.file or made(folder), chosen.precision, chosen.face_detector, max(chosen.rounds, 1))


if __name__ == "__main__":
    main()
