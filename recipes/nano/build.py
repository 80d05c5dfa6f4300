"""Train the small V2 that ships with the library, from portraits to the file in the package.

Run it: python recipes/nano/build.py PORTRAITS --work DIR

PORTRAITS holds images and a manifest.json: a list of {"file": ..., "split": "train", "valid" or "test"}, each a real
person. DIR gets the crops, the training and v2_nano.safetensors; copy that over
src/genconvit/weights/embedded/v2_nano.safetensors. What was begun there is gone on with. The training is train.json
beside this file; on another machine its result is as good, not equal bit by bit.
"""

import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path

from genconvit.models.generative import SIZES

CONFIG = Path(__file__).with_name("train.json")


def write_list(portraits: Path, path: Path) -> int:
    """Write the portraits as a CSV that `genconvit extract csv` reads; returns how many they are."""
    listed = json.loads((portraits / "manifest.json").read_text(encoding="utf-8"))
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("path", "label", "split"))
        rows.writerows((str(portraits.resolve() / each["file"]), "REAL", each["split"]) for each in listed)
    return len(listed)


def genconvit(*arguments: object) -> None:
    """Run one of the library's commands; its error ends this one."""
    command = [sys.executable, "-m", "genconvit", *map(str, arguments)]
    print("genconvit", *arguments[:2], flush=True)
    if subprocess.run(command, check=False).returncode:  # noqa: S603
        sys.exit(f"genconvit {arguments[0]} failed; see above")


def main() -> None:
    """Extract, train, convert."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--set", action="append", default=[], metavar="FLAG=VALUE", help="a training's flag: epochs=1")
    options = parser.parse_args()
    work: Path = options.work
    work.mkdir(parents=True, exist_ok=True)
    print(f"{write_list(options.portraits, work / 'portraits.csv')} portraits")
    crops, training = work / "crops", work / "training"
    size = SIZES["nano"].image_size
    faces = ("--face-detector", "mtcnn")  # whose weights are free, as those that come of this are to be
    genconvit("extract", "csv", work / "portraits.csv", "--out", crops, "--size", size, *faces)
    changes = [part for each in options.set for part in ("--" + each).split("=", 1)]
    genconvit("train", "--config", CONFIG, "--data", crops, "--out", training, "--resume", *changes)
    best, shipped = training / "best.safetensors", work / "v2_nano.safetensors"
    genconvit("weights", "convert", "--weights", best, "--precision", "fp16", "--output", shipped)


if __name__ == "__main__":
    main()
