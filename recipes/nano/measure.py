"""Measure the small V2 that ships with the library: the figures of docs/nano.md.

Run it: python recipes/nano/measure.py --crops DIR/crops --faces FACES --videos VIDEOS

DIR/crops are the portraits' crops that build.py extracted, FACES a folder of face crops (train, valid and test with
fake/ and real/ in each, equal images counted once), VIDEOS a folder of clips. It prints the tables, and --json keeps
the numbers. Intervals are of 95 %, by a bootstrap over people, crops, or a clip's faces.
"""

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from pydantic import BaseModel

from genconvit import Detector
from genconvit.crops.folder import need, read_crops
from genconvit.crops.record import CropRecord
from genconvit.files import sha256_of_file
from genconvit.metrics.intervals import Resampling, measures_of
from genconvit.metrics.measures import Sample
from genconvit.train.dataset import FAKE, CropDataset, Example, Fakes
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


@dataclass(frozen=True, eq=False)
class Faces:
    """Crops of known labels, before they are scored.

    Attributes:
        name: what they are.
        images: RGB uint8 [N, S, S, 3].
        truth: bool [N], True for fake.
        clusters: int64 [N], what the bootstrap draws: a person, or a crop; ascending without a gap.
    """

    name: str
    images: ImageArray
    truth: npt.NDArray[np.bool_]
    clusters: npt.NDArray[np.int64]

    @classmethod
    def of(cls, name: str, examples: Sequence[tuple[int, Example]]) -> "Faces":
        """Examples, each with its cluster."""
        return cls(
            name,
            np.stack([example.image.permute(1, 2, 0).numpy() for _, example in examples]),
            np.array([example.label == FAKE for _, example in examples]),
            np.array([cluster for cluster, _ in examples]),
        )

    def alike(self) -> "Faces":
        """The same, reduced and enlarged again, so that none is sharper than another."""
        return replace(self, name=f"{self.name}, all resampled alike", images=np.stack([*map(resampled, self.images)]))


def measure(detector: Detector, crops: Path, faces: Path, videos: Path) -> Figures:
    """Every figure."""
    size = detector.model.input_size
    trained = SelfBlendConfig.model_validate(json.loads(CONFIG.read_text(encoding="utf-8"))["blend"])
    sets = [
        self_blended("self-blended test portraits, as in training", crops, trained, size),
        self_blended("self-blended test portraits, as in the paper", crops, SelfBlendConfig(), size),
        distinct_faces("DFDC crops", faces, size),
    ]
    (weights,) = detector.weights.files
    stored = sum(tensor.numel() * 2 for tensor in detector.model.state_dict().values()) / 1e6
    return Figures(
        weights_sha256=weights.sha256,
        megabytes=round(stored, 1),
        parameters=sum(each.numel() for each in detector.model.parameters()),
        ms_per_face=milliseconds(detector, 16),
        ms_of_one_face=milliseconds(detector, 1),
        rankings=[ranking(detector, each) for each in [*sets, *(each.alike() for each in sets)]],
        clips=[of_clip(detector, path) for path in sorted(videos.iterdir())],
    )


def self_blended(name: str, crops: Path, blend: SelfBlendConfig, size: int) -> Faces:
    """People of the test split, each several times as a real and a fake; the bootstrap draws people."""
    folder = read_crops(crops)
    people = need(folder.records, "test", ("REAL",))
    pairs = CropDataset(folder.root, people, size, augment=None, fakes=Fakes(self_blended=True, blend=blend), seed=1)
    examples = []
    for person in range(len(pairs)):
        for draw in range(DRAWS):
            pairs.set_epoch(draw)
            examples += [(person, example) for example in pairs[person]]
    return Faces.of(name, examples)


def distinct_faces(name: str, root: Path, size: int) -> Faces:
    """The distinct crops of a folder of all splits; the bootstrap draws crops."""
    folder = read_crops(root)
    crops = CropDataset(folder.root, distinct_crops(folder.root, folder.records), size, augment=None)
    return Faces.of(name, [(row, example) for row in range(len(crops)) for example in crops[row]])


def distinct_crops(root: Path, records: Sequence[CropRecord]) -> list[CropRecord]:
    """One record for each different image, in the order of their names."""
    found: dict[str, CropRecord] = {}
    for record in sorted(records, key=lambda each: each.crop):
        found.setdefault(sha256_of_file(root / record.crop), record)
    return list(found.values())


def ranking(detector: Detector, faces: Faces) -> Ranking:
    """The ROC AUC of faces, with its interval."""
    scores = detector.score_faces(faces.images).fake_probability.double().numpy()
    sample = Sample(faces.truth, scores, (scores > 0.5).astype(np.int8), faces.clusters)
    measured = measures_of(sample, Resampling())["roc_auc"]
    values = (measured.value, measured.low, measured.high)
    auc, low, high = (float("nan") if value is None else round(value, 4) for value in values)
    reals, fakes = int((~faces.truth).sum()), int(faces.truth.sum())
    return Ranking(of=faces.name, reals=reals, fakes=fakes, roc_auc=auc, low=low, high=high)


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


def resampled(image: ImageArray) -> ImageArray:
    """An image RGB uint8 [S, S, 3], reduced and enlarged again."""
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
