"""Face crops of known labels, as the small V2 is measured on them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from genconvit.core.types import ImageArray
from genconvit.crops.folder import need, read_crops
from genconvit.crops.record import CropRecord, Split
from genconvit.metrics.measures import FAKE, REAL, Sample
from genconvit.robustness.degrade import rescale
from genconvit.train.window import as_square
from genconvit.video.images import read_image

ALIKE_PX = 64
"""Side in pixels that every crop is reduced to, and enlarged from, where real and fake are to be equally sharp."""


@dataclass(frozen=True, eq=False)
class Faces:
    """Crops of known labels, before they are scored.

    Attributes:
        name: name of the faces.
        images: RGB uint8 [N, S, S, 3].
        truth: bool [N], True for fake.
        clusters: int64 [N], the original video that a crop goes back to, which a bootstrap draws: ascending, no gap.
        widths: float64 [N], the face's width in its video, in pixels; not a number where it is not known.
    """

    name: str
    images: ImageArray
    truth: npt.NDArray[np.bool_]
    clusters: npt.NDArray[np.int64]
    widths: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def brightness(self) -> npt.NDArray[np.float64]:
        """The mean luma of each crop, in grey levels."""
        means: npt.NDArray[np.float64] = self.images.mean(axis=(1, 2)) @ np.array([0.299, 0.587, 0.114])
        return means

    def only(self, rows: npt.NDArray[np.bool_], name: str) -> "Faces":
        """Some of them."""
        clusters = np.unique(self.clusters[rows], return_inverse=True)[1].astype(np.int64)
        return Faces(name, self.images[rows], self.truth[rows], clusters, self.widths[rows])

    def thirds(
        self, of: npt.NDArray[np.float64], what: str, unit: str, scores: npt.NDArray[np.float64]
    ) -> list[tuple["Faces", npt.NDArray[np.float64]]]:
        """The lowest, the middle and the highest third by a number, with their scores; equal numbers stay together."""
        low, high = np.quantile(of, [1 / 3, 2 / 3]).round()
        groups = (
            (of < low, f"{what} below {low:.0f} {unit}"),
            ((of >= low) & (of < high), f"{what} {low:.0f} to {high:.0f} {unit}"),
            (of >= high, f"{what} from {high:.0f} {unit}"),
        )
        return [(self.only(rows, f"{self.name}, {name}"), scores[rows]) for rows, name in groups]

    def alike(self) -> "Faces":
        """Give the same faces, reduced and enlarged again, so that none is sharper than another."""
        images = np.stack([rescale(image, ALIKE_PX / len(image)) for image in self.images])
        return replace(self, name=f"{self.name}, all reduced to {ALIKE_PX} pixels", images=images)

    def sample(self, scores: npt.NDArray[np.float64], threshold: float = 0.5) -> Sample:
        """Give their scores against the truth."""
        predicted = np.where(scores > threshold, FAKE, REAL).astype(np.int8)
        return Sample(self.truth, scores, predicted, self.clusters)


def read_faces(crops: Path, split: Split, size: int, name: str) -> Faces:
    """The crops of a split in the size of a network, ordered by their originals."""
    folder = read_crops(crops)
    return faces_of(folder.root, need(folder.records, split), size, name)


def faces_of(root: Path, records: Iterable[CropRecord], size: int, name: str) -> Faces:
    """The crops of some records, ordered by their originals."""
    ordered = sorted(records, key=original_of)
    images = [as_square(read_image(root / record.crop), (), size)[0] for record in ordered]
    return Faces(
        name,
        np.stack(images),
        np.array([record.label == "FAKE" for record in ordered]),
        np.unique([original_of(record) for record in ordered], return_inverse=True)[1].astype(np.int64),
        np.array([float(record.groups.get("face_width", "nan")) for record in ordered]),
    )


def original_of(record: CropRecord) -> str:
    """The video that a crop goes back to: its own, or that which a fake was made from."""
    return record.groups.get("original", record.video)
