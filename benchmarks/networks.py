"""What the networks cost beside a floor that is measured in the same run.

The floor are bare calls of timm's ConvNeXt with the same image sizes, number of images and precision: what no code
around the backbones can undercut. Times vary from run to run on a shared machine; the ratio is what to quote.

Run it: python benchmarks/networks.py [--faces 15] [--repeats 5] [--json FILE]
"""

import argparse
import json
import platform
import time
from collections.abc import Callable
from pathlib import Path

import timm
import torch

from genconvit.device import DTYPES, Precision
from genconvit.models.original import OriginalConfig


def shortest(functions: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """The shortest time of each function in seconds; they run in turn, so a change of the machine's speed hits all."""
    best = dict.fromkeys(functions, float("inf"))
    with torch.inference_mode():
        for function in functions.values():
            function()
        for _ in range(repeats):
            for name, function in functions.items():
                start = time.perf_counter()
                function()
                best[name] = min(best[name], time.perf_counter() - start)
    return best


def measure(precision: Precision, count: int, repeats: int) -> dict[str, object]:
    """One row: milliseconds a face of the networks and of the floor, and their ratio."""
    dtype, layout = DTYPES[precision], torch.channels_last
    model = OriginalConfig().build().eval().requires_grad_(False).to(dtype).to(memory_format=layout)
    backbone = timm.create_model("convnext_tiny").eval().requires_grad_(False).to(dtype).to(memory_format=layout)
    faces = torch.randn(count, 3, 224, 224).to(dtype).to(memory_format=layout)
    twice = torch.cat((faces, faces))
    smaller = torch.randn(count, 3, 112, 112).to(dtype).to(memory_format=layout)
    times = shortest(
        {"networks": lambda: model(faces), "floor": lambda: (backbone(twice), backbone(faces), backbone(smaller))},
        repeats,
    )
    per_face = {f"{name}_ms_per_face": 1000 * seconds / count for name, seconds in times.items()}
    return {"precision": precision, "ratio": times["networks"] / times["floor"], **per_face}


def main() -> None:
    """Print a row for each precision."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=15)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = [measure(precision, options.faces, options.repeats) for precision in DTYPES]
    for row in rows:
        print(
            "  ".join(f"{name} {value:.2f}" if isinstance(value, float) else f"{value}" for name, value in row.items())
        )
    if options.json:
        machine = {"cpu": platform.processor(), "threads": torch.get_num_threads(), "torch": torch.__version__}
        options.json.write_text(json.dumps({"machine": machine, "rows": rows}, indent=2), encoding="utf-8")


main()
