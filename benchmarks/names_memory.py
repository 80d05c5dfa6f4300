"""Memory and processor time of listing a folder's sources one after the other, beside holding them in a list.

Makes empty files in a temporary folder, so many in a folder, and lists them in fresh processes.

Run it: python benchmarks/names_memory.py [--files 1000000] [--folders 100 1] [--folder DIR] [--plot FILE.png]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LISTINGS = {
    "one by one": "each_source([sys.argv[1]])",
    "one by one, as a pattern": "each_source([sys.argv[1] + '/**/*.mp4'])",
    "as a list": "expand_paths([sys.argv[1]]).sources",
}
PROGRAM = """
import json, resource, sys, time
from genconvit.inputs.expand import each_source, expand_paths

def taken():
    with open("/proc/self/statm") as facts:
        return int(facts.read().split()[1]) * 4096 / 2**20

def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

before, most_before, start, count, curve = taken(), most(), time.process_time(), 0, []
sources = {}
for _ in sources:
    count += 1
    if count % 10_000 == 0:
        curve.append((count, taken() - before))
print(json.dumps([count, time.process_time() - start, most() - most_before, curve]))
"""

Curve = list[tuple[int, float]]
"""Number of sources so far, and megabytes that the process has grown by."""


def make(folder: Path, files: int, folders: int) -> None:
    """Make empty files, with names as long as those of a platform."""
    each = -(-files // folders)
    for number in range(folders):
        place = folder / f"part_{number:04}"
        place.mkdir()
        for name in range(each * number, min(each * (number + 1), files)):
            (place / f"upload_{name:012}_{name * 2654435761 % 2**32:08x}.mp4").touch()


def measure(files: int, folders: int, where: Path | None) -> dict[str, Curve]:
    """Make the files, list them in each way, and say what it took."""
    found = {}
    with tempfile.TemporaryDirectory(dir=where) as folder:
        start = time.perf_counter()
        make(Path(folder), files, folders)
        print(f"{files} files in {folders} folders, made in {time.perf_counter() - start:.0f} s", flush=True)
        for name, listing in LISTINGS.items():
            run = [sys.executable, "-c", PROGRAM.replace("{}", listing), folder]
            text = subprocess.run(run, check=True, capture_output=True, text=True).stdout  # noqa: S603 - its own
            count, seconds, most, found[name] = json.loads(text)
            print(
                f"{name}: {count} sources in {seconds:.1f} s of a processor, memory grows by at most {most:.0f} MB",
                flush=True,
            )
    return found


def draw(curves: dict[str, Curve], path: Path) -> None:
    """Draw the memory of each listing over the sources that it has given."""
    from matplotlib.figure import Figure

    figure = Figure((7, 3.6), layout="constrained")
    axes = figure.add_subplot()
    for name, curve in curves.items():
        axes.plot([count / 1e6 for count, _ in curve], [grown for _, grown in curve], label=name)
    axes.set_xlabel("sources so far, in millions")
    axes.set_ylabel("memory beyond the start, in MB")
    axes.set_ylim(bottom=0)
    axes.legend(loc="center right")
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=130)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--folders", type=int, nargs="+", default=[100, 1], help="number of folders that they are in")
    parser.add_argument("--folder", type=Path, help="where the files are made; a temporary folder where left out")
    parser.add_argument("--plot", type=Path, help="picture of the memory over the sources that were listed")
    given = parser.parse_args()
    curves = {}
    for folders in given.folders:
        found = measure(given.files, folders, given.folder)
        of = f"{folders} folders" if folders > 1 else "one folder"
        curves.update({f"{name}, of {of}": curve for name, curve in found.items()})
    if given.plot:
        draw(curves, given.plot)


if __name__ == "__main__":
    main()
