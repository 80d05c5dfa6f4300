"""Reads many damaged files in worker processes and says what became of them.

Sound files of many formats are damaged: bits, bytes, runs of bytes, sizes and tags, and two files spliced. Each one has
to end in frames or in a SourceError, within the limits, and leave no process and no file handle behind. The same seed
makes the same files.

Run it: python benchmarks/fuzz.py [--cases 20000] [--seed 1] [--decoders pyav] [--pictures] [--keep FOLDER]
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from fuzzing import PICTURES, Case, Figures, fuzz, make_sound_files
from genconvit.core.processor import processor_name
from genconvit.isolation.limits import IsolationLimits
from genconvit.registry import VIDEO_DECODERS
from processes import children, handles


def run(options: argparse.Namespace) -> list[Case]:
    """Fuzz in several threads, each with a worker of its own."""
    decoders = [VIDEO_DECODERS.load(name)() for name in options.decoders]
    limits = IsolationLimits(time_limit_seconds=options.time_limit, memory_limit_mb=options.memory_limit)
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(options.jobs) as pool:
        made = make_sound_files(Path(folder))
        sound = {suffix: made[suffix] for suffix in PICTURES if suffix in made} if options.pictures else made

        def job(first: int) -> list[Case]:
            numbers = range(first, options.cases, options.jobs)
            how = {"seed": options.seed, "limits": limits, "frames": options.frames, "keep": options.keep}
            return fuzz(decoders, sound, Path(folder), numbers, **how)

        return [case for cases in pool.map(job, range(options.jobs)) for case in cases]


def machine() -> dict[str, str | int]:
    """Describe the machine that the figures were measured on."""
    versions = {name: version(name) for name in ("av", "pillow", "numpy")}
    return {"cpu": processor_name(), "cores": os.cpu_count() or 1, "python": platform.python_version(), **versions}


def main() -> int:
    """Print the figures; 1 where the library is to blame for a case, or something is left behind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--decoders", nargs="+", default=["pyav"], help="tried in turn")
    parser.add_argument("--frames", default="15", help="which frames of each file")
    parser.add_argument("--pictures", action="store_true", help="no videos")
    parser.add_argument("--jobs", type=int, default=2, help="workers at a time")
    parser.add_argument("--time-limit", type=float, default=10.0, help="seconds a file")
    parser.add_argument("--memory-limit", type=int, default=512, help="MB a worker")
    parser.add_argument("--keep", type=Path, help="a folder for the files that cost a worker")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    before = children(), handles()
    start = time.perf_counter()
    cases = run(options)
    left = {"leaked_processes": len(children() - before[0]), "leaked_handles": handles() - before[1]}
    figures = {**asdict(Figures.of(cases)), **left, "seconds": time.perf_counter() - start}
    for name, value in figures.items():
        rows = value.items() if isinstance(value, dict) else [(name, value)]
        for title, number in rows:
            print(f"{number:>10.3f}  {title}" if isinstance(number, float) else f"{number:>10}  {title}")
    for case in cases:
        if case.is_wrong or case.is_costly:
            print(f"case {case.number}: {case.error or case.reason}")
    if options.json:
        asked = {"seed": options.seed, "decoders": options.decoders, "frames": options.frames, "jobs": options.jobs}
        report = {"machine": machine(), "options": asked, "figures": figures}
        options.json.write_text(json.dumps(report, indent=2), encoding="utf-8")
    return int(figures["wrong"] > 0 or any(left.values()))


sys.exit(main())
