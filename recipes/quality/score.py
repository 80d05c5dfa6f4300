"""Score crops of known labels as their pictures grow worse, and measure each picture: what figures.py draws from.

Run it: python -m recipes.quality.score PACK --scrfd scrfd.onnx --work work

PACK is what recipes/nano/crops.py describes; its test split is unpacked into the work folder. SCRFD's landmarks tell
the turn of each head. The crops as they are, and each strength of each way to grow worse, become a file of their own
in the work folder; what is there stays, so that a run that was stopped goes on.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from genconvit.assemble import assemble
from genconvit.core.cut import Cut
from genconvit.crops.folder import read_crops
from genconvit.faces.crop import crop_face
from genconvit.faces.mtcnn import MTCNNDetector
from genconvit.faces.quality import yaw_of
from genconvit.faces.scrfd import InsightFaceDetector
from genconvit.settings import DetectorConfig
from genconvit.video.images import read_image
from recipes.nano.crops import unpack
from recipes.nano.faces import original_of
from recipes.nano.measure import OPTIONS
from recipes.quality.scored import Scored
from recipes.quality.worse import CROP_PX, MEASURED, WAYS, Seen, box_of

BORDER_PX = CROP_PX // 4
"""Border around a crop that is searched for landmarks: its face fills it."""

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Crops:
    """Crops of known labels.

    Attributes:
        paths: files of the crops, ordered by their originals.
        truth: bool [N], True for fake.
        originals: int64 [N], the original video of each.
    """

    paths: tuple[Path, ...]
    truth: npt.NDArray[np.bool_]
    originals: npt.NDArray[np.int64]

    @classmethod
    def read(cls, folder: Path) -> "Crops":
        """The crops of a folder."""
        found = read_crops(folder)
        records = sorted(found.records, key=lambda record: (original_of(record), record.crop))
        return cls(
            tuple(found.root / record.crop for record in records),
            np.array([record.label == "FAKE" for record in records]),
            np.unique([original_of(record) for record in records], return_inverse=True)[1].astype(np.int64),
        )

    def drawn(self, each: int) -> Rows:
        """Numbers of so many reals and so many fakes, drawn by a seed, ascending."""
        random = np.random.default_rng(0)
        rows = [random.choice(np.flatnonzero(self.truth == fake), each, replace=False) for fake in (False, True)]
        return np.sort(np.concatenate(rows)).astype(np.int64)


class Judge:
    """The small V2, which sees faces cut as its crop rule for MTCNN says."""

    def __init__(self) -> None:
        parts = assemble(DetectorConfig.from_options("v2", weights="embedded", **OPTIONS))
        rule = parts.provenance.weights.crop_rules[MTCNNDetector.name]
        self._scorer = parts.scorer
        self._cut = Cut.of(parts.scorer.input_spec, rule)
        self._box = box_of(CROP_PX, rule)

    def judge(self, crops: Crops, rows: Rows, worsen: Callable[[Seen], Seen]) -> Scored:
        """Score and measure some crops, made worse."""
        scores: list[float] = []
        quality: list[list[float]] = []
        for batch in np.array_split(rows, range(self._scorer.batch_size, len(rows), self._scorer.batch_size)):
            seen = [worsen(Seen(read_image(crops.paths[row]), self._box)) for row in batch]
            faces = [crop_face(each.frame, each.square(self._cut), self._cut.size)[0] for each in seen]
            scores += self._scorer.score(np.stack(faces)).fake_probability.tolist()
            quality += [[getattr(each.quality(), field) for field in MEASURED] for each in seen]
        return Scored(rows, crops.truth[rows], crops.originals[rows], np.array(scores), np.array(quality, np.float64))


def turns_of(crops: Crops, model: Path) -> npt.NDArray[np.float64]:
    """The estimated turn of each crop's largest face in degrees, not a number where no face is found."""
    detector = InsightFaceDetector(model, torch.device("cpu"))
    turns = []
    for path in crops.paths:
        bordered = np.pad(read_image(path), ((BORDER_PX,) * 2, (BORDER_PX,) * 2, (0, 0)), constant_values=127)
        (faces,) = detector.detect([bordered])
        face = max(faces, key=lambda each: each.box[3] - each.box[1], default=None)
        turn = None if face is None else yaw_of(face.landmarks)
        turns.append(np.nan if turn is None else turn)
    return np.array(turns)


def main() -> None:
    """Unpack, score, and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path)
    parser.add_argument("--scrfd", type=Path, required=True, help="SCRFD's file, for landmarks")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--each", type=int, default=150, help="reals, and fakes, that are made worse")
    options = parser.parse_args()
    work: Path = options.work
    print(f"{unpack(options.pack, work / 'crops', ('test',))} crops", flush=True)
    crops, judge = Crops.read(work / "crops"), Judge()
    if not (work / "turns.npy").exists():
        np.save(work / "turns.npy", turns_of(crops, options.scrfd))
    drawn = crops.drawn(options.each)
    tasks: dict[str, Callable[[], Scored]] = {
        f"{way.kind}_{strength}": partial(judge.judge, crops, drawn, partial(way.apply, strength=strength))
        for way in WAYS
        for strength in way.strengths
    }
    tasks["clean"] = partial(judge.judge, crops, np.arange(len(crops.paths)), lambda seen: seen)
    for name, task in tasks.items():
        if not (work / f"{name}.npz").exists():
            task().write(work / f"{name}.npz")
            print(name, flush=True)


if __name__ == "__main__":
    main()
