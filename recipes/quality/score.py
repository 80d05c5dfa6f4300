"""Score crops of known labels as their pictures grow worse, and measure each picture: what figures.py draws from.

Run it: python -m recipes.quality.score --crops DIR/crops --scrfd scrfd.onnx --work work

DIR/crops are the crops that `recipes.nano.build` unpacked. Each strength of each way is a file of its own in the work
folder; what is there stays, so that a run that was stopped goes on.
"""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from genconvit.assemble import assemble
from genconvit.core.cut import Cut
from genconvit.core.types import ImageArray
from genconvit.crops.folder import need, read_crops
from genconvit.crops.record import CropRecord
from genconvit.faces.crop import crop_face
from genconvit.faces.mtcnn import MTCNNDetector
from genconvit.faces.quality import yaw_of
from genconvit.faces.scrfd import InsightFaceDetector
from genconvit.pipeline.scorer import Scorer
from genconvit.settings import DetectorConfig
from genconvit.video.images import read_image
from recipes.nano.faces import original_of
from recipes.quality.worse import CROP_PX, MEASURED, WAYS, Seen, box_of

BORDER_PX = CROP_PX // 4
"""Border around a crop that is searched for landmarks: its face fills it."""

Rows = npt.NDArray[np.int64]


class Scoring:
    """Scores and measures crops.

    Args:
        records: the crops' records.
        root: folder that their paths start from.
        work: folder that the files go to.
    """

    def __init__(self, records: Sequence[CropRecord], root: Path, work: Path) -> None:
        config = DetectorConfig.from_options("v2", weights="embedded", face_detector="mtcnn", runtime="openvino")
        parts = assemble(config)
        rule = parts.provenance.weights.crop_rules[MTCNNDetector.name]
        self._scorer: Scorer = parts.scorer
        self._cut = Cut.of(self._scorer.input_spec, rule)
        self._box = box_of(CROP_PX, rule)
        self._paths = [root / record.crop for record in records]
        self._truth = np.array([record.label == "FAKE" for record in records])
        originals = [original_of(record) for record in records]
        self._originals = np.unique(originals, return_inverse=True)[1]
        self._work = work

    def run(self, name: str, rows: Rows, worsen: Callable[[Seen], Seen]) -> None:
        """Write the scores and measured values of some crops, made worse, unless they are there."""
        path = self._work / f"{name}.npz"
        if path.exists():
            return
        scores, values = [], []
        for batch in np.array_split(rows, range(self._scorer.batch_size, len(rows), self._scorer.batch_size)):
            seen = [worsen(Seen(read_image(self._paths[row]), self._box)) for row in batch]
            values += [[getattr(each, name) for name in MEASURED] for each in map(Seen.quality, seen)]
            scores += self._scorer.score(np.stack([self._crop(each) for each in seen])).fake_probability.tolist()
        quality = np.array(values, np.float64)
        np.savez(
            path,
            rows=rows,
            truth=self._truth[rows],
            originals=self._originals[rows],
            scores=np.array(scores),
            quality=quality,
        )
        print(name, flush=True)

    def _crop(self, seen: Seen) -> ImageArray:
        return crop_face(seen.frame, seen.square(self._cut), self._cut.size)[0]

    def some(self, each: int) -> Rows:
        """So many reals and so many fakes, by a seed, in ascending order."""
        random = np.random.default_rng(0)
        drawn = [random.choice(np.flatnonzero(self._truth == fake), each, replace=False) for fake in (False, True)]
        return np.sort(np.concatenate(drawn))


def find_turns(paths: Sequence[Path], model: Path, file: Path) -> None:
    """Write the estimated turn of each crop's largest face, not a number where none is found, unless it is there."""
    if file.exists():
        return
    detector = InsightFaceDetector(model, torch.device("cpu"))
    sides = (BORDER_PX, BORDER_PX)
    turns = []
    for path in paths:
        (faces,) = detector.detect([np.pad(read_image(path), (sides, sides, (0, 0)), constant_values=127)])
        face = max(faces, key=lambda each: each.box[3] - each.box[1], default=None)
        turn = None if face is None else yaw_of(face.landmarks)
        turns.append(np.nan if turn is None else turn)
    np.save(file, turns)


def main() -> None:
    """Score everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crops", type=Path, required=True)
    parser.add_argument("--scrfd", type=Path, required=True, help="SCRFD's file, for landmarks")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--each", type=int, default=150, help="reals, and fakes, that are made worse")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    folder = read_crops(options.crops)
    records = sorted(need(folder.records, "test"), key=lambda record: (original_of(record), record.crop))
    find_turns([folder.root / record.crop for record in records], options.scrfd, options.work / "turns.npy")
    scoring = Scoring(records, folder.root, options.work)
    scoring.run("clean", np.arange(len(records)), lambda seen: seen)
    some = scoring.some(options.each)
    for way in WAYS:
        for strength in way.strengths:
            scoring.run(f"{way.kind}_{strength}", some, partial(way.apply, strength=strength))


if __name__ == "__main__":
    main()
