"""Networks of several files in turn, in one process, beside bare calls of timm's backbones.

A file is weights of the library's own, for PyTorch, or an exported one (.onnx, .xml), which says what it is. The bare
calls are those of the first file's network in fp32. Crops are random, for their values make no
difference to the time. The quietest round says more than the median where other work goes on beside.

Run it: python benchmarks/runtime_times.py FILE... [--bf16] [--faces 15] [--rounds 5] [--json FILE]
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from genconvit.assemble import Parts, assemble
from genconvit.bench.bench_result import this_machine
from genconvit.bench.floor import backbone_calls
from genconvit.bench.timing import Times, time_in_turn
from genconvit.pipeline.scorer import Scorer
from genconvit.settings import DetectorConfig
from genconvit.weights.checkpoint import read_tensors
from genconvit.weights.library_file import header_of

FLOOR = "bare timm"
EXPORTED = (".onnx", ".xml")


def settings(files: Sequence[Path], *, with_bf16: bool) -> Iterator[tuple[Path, str]]:
    """Files with the precisions to open them in; an exported one has its own."""
    for path in files:
        if path.suffix in EXPORTED:
            yield path, "auto"
        else:
            yield from ((path, precision) for precision in (("fp32", "bf16") if with_bf16 else ("fp32",)))


def parts_of(path: Path, precision: str) -> Parts:
    """Open a file, with the architecture that it names."""
    header = None if path.suffix in EXPORTED else header_of(read_tensors(path).metadata, path)
    named: dict[str, Any] = {"precision": precision}
    if header:
        named["architecture"] = header.architecture
    return assemble(DetectorConfig.from_options(weights=str(path), device="cpu", face_detector="mtcnn", **named))


def call_of(scorer: Scorer, faces: int) -> Callable[[], object]:
    """A function that scores so many random crops."""
    crops = np.random.default_rng(0).integers(0, 256, (faces, *[scorer.input_spec.size] * 2, 3), dtype=np.uint8)
    return lambda: scorer.score(crops)


def row(times: Times, name: str, first: str) -> dict[str, Any]:
    """Seconds, and ratios to the first and to the floor: the median, and that of the quietest rounds."""
    least = {each: min(times.runs[each]) for each in (name, first, FLOOR)}
    return {
        "network": name,
        "seconds": round(times.seconds(name), 3),
        "to_first": round(times.ratio(name, first), 2),
        "to_first_quietest": round(least[name] / least[first], 2),
        "to_bare": round(times.ratio(name, FLOOR), 2),
        "to_bare_quietest": round(least[name] / least[FLOOR], 2),
    }


def main() -> None:
    """Read the arguments, open every file, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--bf16", action="store_true", help="run weights in bf16 too")
    parser.add_argument("--faces", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    calls: dict[str, Callable[[], object]] = {}
    bare = None
    for path, precision in settings(chosen.files, with_bf16=chosen.bf16):
        parts = parts_of(path, precision)
        runs = parts.provenance
        calls[f"{path.name}, {runs.runtime} {runs.runtime_version} {runs.precision}"] = call_of(
            parts.scorer, chosen.faces
        )
        bare = bare or backbone_calls(parts.scorer, [chosen.faces])
    first = next(iter(calls))
    if bare is None:
        parser.error("no file is of GenConViT's family, so there are no bare calls to compare with")
    times = time_in_turn({**calls, FLOOR: bare}, chosen.rounds)
    found = {
        "machine": this_machine(torch.device("cpu")).model_dump(),
        "faces": chosen.faces,
        "rounds": chosen.rounds,
        "rows": [row(times, name, first) for name in (*calls, FLOOR)],
    }
    print(found["machine"])
    for each in found["rows"]:
        print(each)
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
