"""Kills a service by SIGKILL at random points of a run of jobs, and audits that none is lost or done twice.

A trigger of the database notes each result that is written. The same seed draws the same times.

Run it: python benchmarks/serve_kills.py [--kills 50] [--jobs 120] [--within 4] [--seed 1]
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from genconvit import Detector
from genconvit.data.sample import write_clip
from killing import kill_again_and_again


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=120)
    parser.add_argument("--within", type=float, default=4.0, help="seconds after it listens within which it is killed")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder, "clip.mp4")
        write_clip(clip, frames=6)
        with Detector(weights="embedded", frames=2, device="cpu", isolate=True) as detector:
            expected = detector.predict(clip)
        begun = time.monotonic()
        audit = kill_again_and_again(
            Path(folder, "data"),
            clip,
            expected,
            kills=options.kills,
            jobs=options.jobs,
            longest_seconds=options.within,
            seed=options.seed,
        )
    found = {**asdict(audit), "answered": len(audit.answered), "seconds": round(time.monotonic() - begun, 1)}
    print(json.dumps(found, indent=2))
    sys.exit(0 if audit.is_clean else 1)


if __name__ == "__main__":
    main()
