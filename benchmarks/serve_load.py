"""Loads a service: many uploads of a short clip, hostile requests among them, beside predict over as many clips.

Each good upload has to get predict's score, the service has to live, and its memory to stay within the bound. Says how
much longer the service took than predict, in the same run.

Run it: python benchmarks/serve_load.py [--uploads 200] [--at-once 50] [--hostile 10] [--reports plain] [--most-mb 4096]
"""

import argparse
import json
import math
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from genconvit.data.sample import write_clip
from loading import HOSTILE, load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uploads", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument("--hostile", type=int, default=10, help="hostile requests of all kinds together, at least")
    parser.add_argument("--reports", choices=("pictures", "plain", "none"), default="plain")
    parser.add_argument("--most-mb", type=int, default=4096, help="memory of the service and its workers, in MiB")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder, "clip.mp4")
        write_clip(clip, frames=12)
        found = load(
            Path(folder),
            clip,
            uploads=options.uploads,
            at_once=options.at_once,
            each_hostile=math.ceil(options.hostile / (len(HOSTILE) + 1)),
            reports=options.reports,
        )
    print(json.dumps({**asdict(found), "ratio": round(found.ratio, 3)}, indent=2))
    sys.exit(0 if found.right == found.sent and found.alive and found.peak_mb < options.most_mb else 1)


if __name__ == "__main__":
    main()
