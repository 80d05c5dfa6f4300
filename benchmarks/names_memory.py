"""Memory and processor time of listing a folder's sources one after the other, beside holding them in a list.

Makes empty files in a temporary folder, so many in a folder, and lists them in fresh processes.

Run it: python benchmarks/names_memory.py [--files 1000000] [--folders 100] [--folder DIR]
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LISTINGS = {
    "one by one": "count = sum(1 for _ in each_source([sys.argv[1]]))",
    "one by one, as a pattern": "count = sum(1 for _ in each_source([sys.argv[1] + '/**/*.mp4']))",
    "as a list": "count = len(expand_paths([sys.argv[1]]).sources)",
}
PROGRAM = """
import resource, sys, time
from genconvit.inputs.expand import each_source, expand_paths
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
{}
seconds = time.process_time() - start
print(count, round(seconds, 1), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def make(folder: Path, files: int, folders: int) -> None:
    """Make empty files, with names as long as those of a platform."""
    each = -(-files // folders)
    for number in range(folders):
        place = folder / f"part_{number:04}"
        place.mkdir()
        for name in range(each * number, min(each * (number + 1), files)):
            (place / f"upload_{name:012}_{name * 2654435761 % 2**32:08x}.mp4").touch()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--folders", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="where the files are made; a temporary folder where left out")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        start = time.perf_counter()
        make(Path(folder), given.files, given.folders)
        print(f"{given.files} files in {given.folders} folders, made in {time.perf_counter() - start:.0f} s")
        for name, listing in LISTINGS.items():
            run = [sys.executable, "-c", PROGRAM.format(listing), folder]
            found = subprocess.run(run, check=True, capture_output=True, text=True)  # noqa: S603 - its own
            count, seconds, grown = found.stdout.split()
            print(
                f"{name}: {count} sources in {seconds} s of a processor, memory grows by {float(grown):.0f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
