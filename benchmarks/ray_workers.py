"""What Ray costs over the local engine for many short clips, and what a second worker brings.

The same clips are scored by the local engine and by Ray, on all cores that are there; then by Ray on one core, with one
worker that finds faces and one that runs the networks, and on two cores with two of each. Each worker computes in one
thread. Files of results must be equal, to the byte. The time to start (imports, Ray itself, weights) stands apart: it
ends with the first result of a run.

Run it: python -m benchmarks.ray_workers [--clips 1000] [--few 200] [--json FILE]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.resume_kills import PREDICT
from genconvit.data.sample import write_clip

KINDS = 20


@dataclass
class Run:
    """How a run went.

    Attributes:
        seconds: seconds of the whole command.
        start: seconds until the first results were there.
        first: number of these.
        rate: results a second from then on.
    """

    seconds: float
    start: float
    first: int
    rate: float


def make_clips(folder: Path, count: int) -> None:
    """Make clips of two seconds, of a few kinds, each under many names."""
    folder.mkdir()
    for number in range(count):
        path = folder / f"{number:05d}.mp4"
        if number < KINDS:
            write_clip(path, frames=20 + number, width=320, height=240)
        else:
            os.link(folder / f"{number % KINDS:05d}.mp4", path)


def run(clips: Path, output: Path, cores: int, *further: str) -> Run:
    """Score clips on so many cores, and read from its events how it went."""
    command = [
        *("taskset", "--cpu-list", f"0-{cores - 1}", sys.executable, *PREDICT, str(clips)),
        *("--frames", "4", "--log", "json", "--output", str(output), *further),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "RAY_worker_niceness": "0"}
    begun = time.time()
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, env=environment, check=False)  # noqa: S603
    seconds = time.time() - begun
    if done.returncode:
        raise SystemExit(done.stderr)
    events = [json.loads(line) for line in done.stderr.splitlines()]
    times = [datetime.fromisoformat(each["time"]).timestamp() for each in events if each["event"] == "result"]
    first = sum(each < times[0] + 0.5 for each in times)  # a part of Ray's comes at once
    return Run(seconds, times[0] - begun, first, (len(times) - first) / (times[-1] - times[0]))


def on_ray(finders: int, networks: int) -> tuple[str, ...]:
    """Flags of a run on Ray whose networks share the cores of the other workers."""
    sizes = {"finders": finders, "networks": networks, "network_cpus": 0, "part_rows": 16}
    return ("--engine", "ray", *(word for name, value in sizes.items() for word in ("--ray", f"{name}={value}")))


def main() -> None:
    """Score clips in four ways, and print how it went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=1000, help="clips for the engines")
    parser.add_argument("--few", type=int, default=200, help="clips for one and two workers")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    runs: dict[str, Run] = {}
    with tempfile.TemporaryDirectory(prefix="genconvit-workers-") as name:
        folder = Path(name)
        make_clips(folder / "many", given.clips)
        make_clips(folder / "few", given.few)
        for label, clips, cores, flags in (
            ("local engine", "many", 2, ()),
            ("Ray", "many", 2, on_ray(2, 1)),
            ("Ray, one core", "few", 1, on_ray(1, 1)),
            ("Ray, two cores", "few", 2, on_ray(2, 2)),
        ):
            output = folder / f"{len(runs)}.jsonl"
            runs[label] = run(folder / clips, output, cores, *flags)
            print(label, runs[label], flush=True)
        for first, second in ((0, 1), (2, 3)):
            if (folder / f"{first}.jsonl").read_bytes() != (folder / f"{second}.jsonl").read_bytes():
                raise SystemExit(f"runs {first} and {second} gave other files")
    local, ray, one, two = runs.values()
    print(f"Ray takes {ray.seconds / local.seconds:.2f} of the local engine's time, {ray.start:.0f} s of it to start")
    print(f"once both are under way, {local.rate / ray.rate:.2f} of it")
    print(f"two workers on two cores score {two.rate / one.rate:.2f} times as fast as one of each on one core")
    if given.json:
        given.json.write_text(json.dumps({label: asdict(each) for label, each in runs.items()}, indent=1) + "\n")


if __name__ == "__main__":
    main()
