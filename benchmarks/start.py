"""Time from the shell to the embedded weights' answer about one clip, and the memory that it takes.

Three commands run in turn, each in a fresh process: a bare import of ONNX Runtime and PyAV, and ``genconvit predict``
with the networks and the face detector in ONNX Runtime and in PyTorch. A first round, in which Python may compile
sources, does not count. Times are the best of several, since others on the machine only ever add to them; quote the
ratios.

Run it: python benchmarks/start.py [CLIP] [--repeats 5]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pydantic import BaseModel

from genconvit.data.sample import write_clip

FLOOR = ("-c", "import onnxruntime, av")
PREDICT = ("-m", "genconvit", "predict", "--weights", "embedded", "--face-detector", "mtcnn", "--device", "cpu")


class Run(BaseModel):
    """The best of several runs of one command.

    Attributes:
        seconds: seconds from the start of the process to its end.
        cpu_seconds: seconds that its threads computed.
        megabytes: most memory that it held, in MB.
    """

    seconds: float
    cpu_seconds: float
    megabytes: float

    def best_with(self, other: "Run") -> "Run":
        """The least of each."""
        pairs = zip(self.model_dump().items(), other.model_dump().values(), strict=True)
        return Run(**{name: min(value, again) for (name, value), again in pairs})


def run(arguments: tuple[str, ...]) -> Run:
    """Run Python with arguments in a process of its own."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}  # an installed package is compiled
    start = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, *arguments], stdout=subprocess.DEVNULL, env=environment
    )
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}")
    return Run(seconds=seconds, cpu_seconds=used.ru_utime + used.ru_stime, megabytes=used.ru_maxrss / 1024)


def main() -> None:
    """Measure all three in turn, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path, nargs="?", help="a short video; without one, the demo's of two seconds")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = options.clip or Path(folder, "portrait.mp4")
        if options.clip is None:
            write_clip(clip)
        commands = {
            "import onnxruntime, av": FLOOR,
            "predict": (*PREDICT, str(clip)),
            "predict --runtime torch": (*PREDICT, "--runtime", "torch", str(clip)),
        }
        best: dict[str, Run] = {}
        for number in range(options.repeats + 1):
            for name, arguments in commands.items():
                once = run(arguments)
                if number:
                    best[name] = best[name].best_with(once) if name in best else once
    floor = best["import onnxruntime, av"]
    print("| | s | of the floor | s of computing | of the floor | MB |\n|---|---:|---:|---:|---:|---:|")
    for name, each in best.items():
        ratios = each.seconds / floor.seconds, each.cpu_seconds / floor.cpu_seconds
        print(
            f"| {name} | {each.seconds:.2f} | {ratios[0]:.1f} | {each.cpu_seconds:.2f} | {ratios[1]:.1f} "
            f"| {each.megabytes:.0f} |"
        )
    allowed = 3 * floor.seconds + 1.5
    print(f"three times the floor and 1.5 s: {allowed:.2f} s; predict took {best['predict'].seconds:.2f} s")


if __name__ == "__main__":
    main()
