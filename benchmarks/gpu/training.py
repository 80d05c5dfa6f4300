"""Measures how many steps a second a training of V2 takes, from crops on disk to the optimiser."""

import tempfile
import time
from pathlib import Path

from PIL import Image

from benchmarks.gpu.outcome import tell
from benchmarks.gpu.setting import Setting, chosen
from genconvit.crops.record import CLASSES
from genconvit.data.sample import FACE, portrait
from genconvit.train.config import TrainConfig
from genconvit.train.fit import fit
from genconvit.train.loop import TrainStep

WARM_UP_SHARE = 0.25
CROPS = 64


class EnoughError(Exception):
    """All steps that are measured have been taken; what a training writes at its end is not measured."""


def write_crops(folder: Path) -> Path:
    """The face of a portrait, turned by half a degree more from crop to crop, as many in each split and class."""
    face = Image.fromarray(portrait()).crop(FACE)
    turned = 0.0
    for split in ("train", "valid"):
        for name in CLASSES.values():
            home = folder / split / name
            home.mkdir(parents=True)
            for number in range(CROPS):
                face.rotate(turned).save(home / f"{number}_{name}.jpg", quality=95)
                turned += 0.5
    return folder


def measure(setting: Setting, size: str, batch_size: int) -> None:
    """Train for so many steps, and tell how long the later ones took."""
    moments: list[float] = []
    losses: list[float] = []

    def note(taken: TrainStep) -> None:
        moments.append(time.perf_counter())
        losses.append(taken.loss)
        if len(moments) == setting.steps:
            raise EnoughError

    with tempfile.TemporaryDirectory() as folder:
        config = TrainConfig(
            architecture="v2",
            model={"size": size},
            init="random",
            tensorboard=False,
            data=str(write_crops(Path(folder, "crops"))),
            out=str(Path(folder, "out")),
            batch_size=batch_size,
            precision=setting.precision,
            device="cpu" if setting.device == "cpu" else "auto",
            epochs=1000,
            validate_every=1000,
            checkpoint_minutes=60,
        )
        try:
            fit(config, tell=note)
        except EnoughError:
            first = int(len(moments) * WARM_UP_SHARE)
            steps, seconds = len(moments) - 1 - first, moments[-1] - moments[first]
            tell(
                architecture="v2",
                size=size,
                batch_size=batch_size,
                precision=setting.precision,
                steps_a_second=steps / seconds,
                faces_a_second=steps * batch_size / seconds,
                first_loss=losses[0],
                last_loss=losses[-1],
            )


def main() -> None:
    """Measure the size that is published, and the one that ships."""
    setting = chosen()
    if setting.size != "nano":
        measure(setting, setting.size, 32)
    measure(setting, "nano", 4 if setting.device == "cpu" else 64)


if __name__ == "__main__":
    main()
