"""Memory and processor time of writing and reading a manifest of crops, for growing numbers of rows.

Each number is written, as CSV and as Parquet, and each of the two read, in a process of its own; the memory is what the
process grows by. A line through the last two numbers says what 20,000,000 rows would take.

Run it: python benchmarks/manifest_memory.py [--rows 125000 500000 2000000] [--folder DIR]
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

STEPS = ("write", "read CSV", "read Parquet")
WANTED = 20_000_000
PROGRAM = '''
import resource, sys, time
from pathlib import Path
from genconvit.crops.manifest import CSV_NAME, read_manifest, write_manifest
from genconvit.crops.record import CropRecord

step, root, rows = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])


class Records:
    """Rows of videos of ten faces each, made anew at each iteration."""

    def __iter__(self):
        for number in range(rows):
            video, frame = divmod(number, 10)
            yield CropRecord.model_construct(
                crop=f"train/fake/video_{video:08}_frame{frame:06}_0.png",
                label="FAKE",
                split="train",
                video=f"dfdc/part_{video % 50}/video_{video:08}.mp4",
                frame_index=frame * 20,
                track=0,
                box=(100.5, 80.25, 220.125, 240.75),
                square=(80.0, 70.0, 250.0, 240.0),
                landmarks=((70.25, 90.5), (150.5, 92.0), (110.0, 130.75), (80.5, 170.0), (145.0, 171.5)),
                confidence=0.998,
                groups={"method": "swap", "original": f"dfdc/part_{video % 50}/real_{video % 5000:08}.mp4"},
            )


if step == "read Parquet":
    (root / CSV_NAME).rename(root / "aside")
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
if step == "write":
    write_manifest(root, Records())
else:
    assert sum(1 for _ in read_manifest(root)) == rows
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
print(time.process_time() - start, grown)
if step == "read Parquet":
    (root / "aside").rename(root / CSV_NAME)
'''


def measure(step: str, root: Path, rows: int) -> tuple[float, float]:
    """Seconds, and megabytes that the process grows by."""
    run = [sys.executable, "-c", PROGRAM, step, str(root), str(rows)]
    seconds, grown = subprocess.run(run, check=True, capture_output=True, text=True).stdout.split()  # noqa: S603 - its own
    return float(seconds), float(grown)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, nargs="+", default=[125_000, 500_000, 2_000_000])
    parser.add_argument("--folder", type=Path, help="where the manifests are written; a temporary folder if left out")
    given = parser.parse_args()
    found: dict[str, list[tuple[int, float, float]]] = {step: [] for step in STEPS}
    for rows in given.rows:
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            for step in STEPS:
                seconds, grown = measure(step, Path(folder), rows)
                found[step].append((rows, seconds, grown))
                print(
                    f"{step}: {rows} rows in {seconds:.1f} s of a processor, memory grows by {grown:.0f} MB", flush=True
                )
    for step, curve in found.items():
        if len(curve) > 1:
            (first, _, low), (last, seconds, high) = curve[-2:]
            memory = high + (high - low) / (last - first) * (WANTED - last)
            print(f"{step}: {WANTED} rows by a line: {memory:.0f} MB, {seconds / last * WANTED / 60:.0f} min")


if __name__ == "__main__":
    main()
