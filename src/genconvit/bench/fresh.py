"""A detector in a process of its own: how long it takes to open and to answer, and how much memory it needs.

Nothing heavy is imported above, since the new process times its imports.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from genconvit.core.errors import GenConViTError

if TYPE_CHECKING:
    from genconvit.bench.bench_result import FreshRun
    from genconvit.settings import DetectorConfig

_LONGEST_SECONDS = 3600


def run_fresh(config: DetectorConfig, clips: Sequence[Path]) -> FreshRun:
    """Open a detector and score clips in a new process.

    Raises:
        GenConViTError: it fails; says why.
    """
    from genconvit.bench.bench_result import FreshRun

    command = [sys.executable, "-m", "genconvit.bench.fresh", config.model_dump_json(), *map(str, clips)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_SECONDS, check=False)  # noqa: S603
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise GenConViTError(f"a fresh run ended with status {done.returncode}: {last[0]}")
    return FreshRun.model_validate_json(done.stdout)


def main() -> None:
    """Measure this new process, and print a ``FreshRun``."""
    start = time.perf_counter()
    from genconvit.assemble import assemble_runtime
    from genconvit.detector import Detector
    from genconvit.settings import DetectorConfig

    config = DetectorConfig.model_validate_json(sys.argv[1])
    assemble_runtime(config)
    imported = time.perf_counter()
    with Detector(config) as detector:
        opened = time.perf_counter()
        opening_peak = _peak_mb("self")
        results = list(detector.predict_many(iter(sys.argv[2:])))
        answered = time.perf_counter()
        found = {
            "precision": results[0].provenance.precision,
            "runtime": results[0].provenance.runtime,
            "face_detector": results[0].provenance.face_detector.name,
            "import_seconds": imported - start,
            "open_seconds": opened - imported,
            "predict_seconds": answered - opened,
            "videos": len(results),
            "faces": sum(len(result.faces) for result in results),
            "opening_peak_mb": opening_peak,
            "peak_mb": _peak_mb("self"),
            "worker_peak_mb": max(map(_peak_mb, children()), default=0.0),
        }
    print(json.dumps(found))  # noqa: T201


def _peak_mb(process: str) -> float:
    """The most memory that a process had, as Linux counts it; getrusage would count the process that started it too."""
    status = Path("/proc", process, "status").read_text(encoding="utf-8")
    peak = re.search(r"VmHWM:\s*(\d+) kB", status)
    return int(peak[1]) * 1024 / 1e6 if peak else 0.0


def children() -> Iterator[str]:
    """The ids of this process's children, on Linux."""
    for thread in Path("/proc/self/task").iterdir():
        try:
            yield from (thread / "children").read_text(encoding="utf-8").split()
        except OSError:  # the thread has ended meanwhile
            continue


if __name__ == "__main__":
    main()
