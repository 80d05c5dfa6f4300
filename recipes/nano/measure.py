"""Measure the small V2 that ships with the library: the figures of docs/nano.md.

Run it: python recipes/nano/measure.py --crops DIR/crops --faces FACES --videos VIDEOS

DIR/crops are the portraits' crops that build.py extracted, FACES a folder of face crops (train, valid and test with
fake/ and real/ in each, equal images counted once), VIDEOS a folder of clips. It prints the tables, and --json keeps
the numbers. Intervals are of 95 %, by a bootstrap over people, crops, or a clip's faces.
"""

import argparse
import hashlib
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from pydantic import BaseModel

from genconvit import Detector
from genconvit.crops.folder import need, read_crops
from genconvit.crops.record import CropRecord
from genconvit.metrics.intervals import Measure, Resampling, measures_of
from genconvit.metrics.measures import Sample
from genconvit.train.dataset import FAKE, CropDataset
from genconvit.train.self_blended import SelfBlendConfig
from genconvit.types import ImageArray

DRAWS = 5
"""Self-blended fakes of each portrait."""

ALIKE_PX = 64
"""What every crop is reduced to, and enlarged again, where real and fake are to be equally sharp."""

OPTIONS: dict[str, Any] = {"size": "nano", "face_detector": "mtcnn", "precision": "fp32", "device": "cpu"}
"""Of the detector; with them the figures are the same on every machine, but for the last digits."""

CONFIG = Path(__file__).with_name("train.json")


class Ranking(BaseModel):
    """How well fakes are told from reals."""

    of: str
    reals: int
    fakes: int
    roc_auc: float
    low: float
    high: float


class Clip(BaseModel):
    """A clip's score and its interval."""

    name: str
    faces: int
    fake_probability: float
    low: float
    high: float


class Figures(BaseModel):
    """Everything that is measured."""

    weights_sha256: str
    megabytes: float
    parameters: int
    ms_per_face: float
    ms_of_one_face: float
    rankings: list[Ranking]
    clips: list[Clip]

    def tables(self) -> str:
        """The same in Markdown."""
        lines = ["| told apart | reals | fakes | ROC AUC | 95 % interval |", "|---|---|---|---|---|"]
        for each in self.rankings:
            interval = f"{each.low:.3f} to {each.high:.3f}"
            lines.append(f"| {each.of} | {each.reals} | {each.fakes} | {each.roc_auc:.3f} | {interval} |")
        lines += ["", "| clip | faces | fake probability | 95 % interval |", "|---|---|---|---|"]
        for clip in self.clips:
            interval = f"{clip.low:.3f} to {clip.high:.3f}"
            lines.append(f"| `{clip.name}` | {clip.faces} | {clip.fake_probability:.3f} | {interval} |")
        return "\n".join(lines)


Change = Callable[[ImageArray], ImageArray]


def measure(detector: Detector, crops: Path, faces: Path, videos: Path) -> Figures:
    """Every figure."""
    blends = {
        "as in training": SelfBlendConfig.model_validate(json.loads(CONFIG.read_text(encoding="utf-8"))["blend"]),
        "as in the paper": SelfBlendConfig(),
    }
    rankings = []
    for alike in (False, True):
        change, suffix = (resampled, ", all resampled alike") if alike else (unchanged, "")
        for how, blend in blends.items():
            rankings.append(of_portraits(detector, crops, blend, change, f"self-blended test portraits, {how}{suffix}"))
        rankings.append(of_faces(detector, faces, change, f"DFDC crops{suffix}"))
    (weights,) = detector.weights.files
    size = sum(tensor.numel() * 2 for tensor in detector.model.state_dict().values()) / 1e6
    return Figures(
        weights_sha256=weights.sha256,
        megabytes=round(size, 1),
        parameters=sum(each.numel() for each in detector.model.parameters()),
        ms_per_face=milliseconds(detector, 16),
        ms_of_one_face=milliseconds(detector, 1),
        rankings=rankings,
        clips=[of_clip(detector, path) for path in sorted(videos.iterdir())],
    )


def of_portraits(detector: Detector, crops: Path, blend: SelfBlendConfig, change: Change, name: str) -> Ranking:
    """Portraits of the test split, each once as it is and several times as a fake; the bootstrap draws people."""
    folder = read_crops(crops)
    people = need(folder.records, "test", ("REAL",))
    pairs = CropDataset(
        folder.root, people, detector.model.input_size, augment=None, self_blended=True, blend=blend, seed=1
    )
    images, truth, clusters = [], [], []
    for draw in range(DRAWS):
        pairs.set_epoch(draw)
        for person in range(len(pairs)):
            for example in pairs[person]:
                images.append(change(example.image.permute(1, 2, 0).numpy()))
                truth.append(example.label == FAKE)
                clusters.append(person)
    order = np.argsort(clusters, kind="stable")
    chosen = [images[row] for row in order]
    return ranking(detector, chosen, np.asarray(truth)[order], np.asarray(clusters)[order], name)


def of_faces(detector: Detector, root: Path, change: Change, name: str) -> Ranking:
    """The distinct crops of a folder of all splits; the bootstrap draws crops."""
    folder = read_crops(root)
    distinct = distinct_crops(folder.root, folder.records)
    examples = CropDataset(folder.root, distinct, detector.model.input_size, augment=None)
    images = [change(examples[row][0].image.permute(1, 2, 0).numpy()) for row in range(len(examples))]
    truth = np.array([label == FAKE for label in examples.labels])
    return ranking(detector, images, truth, np.arange(len(truth)), name)


def distinct_crops(root: Path, records: Sequence[CropRecord]) -> list[CropRecord]:
    """One record for each different image, in the order of their names."""
    found: dict[str, CropRecord] = {}
    for record in sorted(records, key=lambda each: each.crop):
        found.setdefault(hashlib.sha256((root / record.crop).read_bytes()).hexdigest(), record)
    return list(found.values())


def ranking(
    detector: Detector, images: Sequence[ImageArray], truth: np.ndarray, clusters: np.ndarray, name: str
) -> Ranking:
    """The ROC AUC of images RGB uint8 [S, S, 3], with its interval."""
    scores = detector.score_faces(np.stack(images)).fake_probability.double().numpy()
    predicted = (scores > 0.5).astype(np.int8)
    measured: Measure = measures_of(Sample(truth, scores, predicted, clusters), Resampling())["roc_auc"]
    values = (measured.value, measured.low, measured.high)
    auc, low, high = (float("nan") if value is None else round(value, 4) for value in values)
    return Ranking(of=name, reals=int((~truth).sum()), fakes=int(truth.sum()), roc_auc=auc, low=low, high=high)


def of_clip(detector: Detector, path: Path) -> Clip:
    """A clip's score, and what drawing its faces anew makes of it."""
    result = detector.predict(path)
    if result.fake_probability is None:
        raise SystemExit(f"{path.name} has no score: {result.verdict}")
    scores = np.array([face.fake_probability for face in result.faces])
    random = np.random.default_rng(0)
    means = scores[random.integers(len(scores), size=(1000, len(scores)))].mean(axis=1)
    low, high = (round(float(value), 4) for value in np.percentile(means, (2.5, 97.5)))
    return Clip(
        name=path.name, faces=len(scores), fake_probability=round(result.fake_probability, 4), low=low, high=high
    )


def milliseconds(detector: Detector, faces: int) -> float:
    """The median time of a face on one core, with so many at once, after a first call."""
    side = detector.model.input_size
    images = np.random.default_rng(0).integers(256, size=(faces, side, side, 3), dtype=np.uint8)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        detector.score_faces(images)
        times = []
        for _ in range(9):
            start = time.perf_counter()
            detector.score_faces(images)
            times.append((time.perf_counter() - start) / faces)
    finally:
        torch.set_num_threads(before)
    return round(1000 * statistics.median(times), 1)


def unchanged(image: ImageArray) -> ImageArray:
    """The image itself."""
    return image


def resampled(image: ImageArray) -> ImageArray:
    """The image reduced and enlarged again, so that none is sharper than another."""
    picture = Image.fromarray(image)
    small = picture.resize((ALIKE_PX, ALIKE_PX), Image.Resampling.BOX)
    return np.asarray(small.resize(picture.size, Image.Resampling.BICUBIC))


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crops", type=Path, required=True)
    parser.add_argument("--faces", type=Path, required=True)
    parser.add_argument("--videos", type=Path, required=True)
    parser.add_argument("--weights", default="embedded")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with Detector("v2", weights=options.weights, **OPTIONS) as detector:
        figures = measure(detector, options.crops, options.faces, options.videos)
    print(figures.tables())
    print(f"\n{figures.parameters} parameters, {figures.megabytes} MB in fp16", end="; ")
    print(f"one core: {figures.ms_per_face} ms a face in a batch of 16, {figures.ms_of_one_face} ms for one alone")
    if options.json:
        options.json.write_text(figures.model_dump_json(indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
