"""Examples for training: face crops from disk, or pairs of a real one and a fake that is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from genconvit.crops.record import CropRecord, Point
from genconvit.errors import SourceError
from genconvit.faces.crop import crop_face
from genconvit.faces.square import check_crop_size
from genconvit.train.augment import AugmentConfig, augment
from genconvit.train.face_mask import has_outline
from genconvit.train.self_blended import SelfBlendConfig, self_blend
from genconvit.types import ImageArray
from genconvit.video.images import read_image

FAKE, REAL = 0, 1
"""Labels, as the logits' columns."""


class Example(NamedTuple):
    """A face and its label.

    Attributes:
        image: RGB, uint8 [3, S, S].
        label: 0 fake, 1 real.
    """

    image: Tensor
    label: int


class Batch(NamedTuple):
    """Examples at once.

    Attributes:
        images: RGB, uint8 [N, 3, S, S]; N may be 0.
        labels: int64 [N], 0 fake, 1 real.
        skipped: how many items had no example, because their image cannot be read.
    """

    images: Tensor
    labels: Tensor
    skipped: int


class CropDataset(Dataset[list[Example]]):
    """The crops of some records, each resized to a square as faces are cut out of frames.

    An item depends on the seed, the epoch and its index alone: not on the worker that makes it, not on what was made
    before, and not on PyTorch's or NumPy's global generators.

    Args:
        root: the folder that the records' paths start from.
        records: the crops.
        size: S, the side of the examples in pixels.
        augment: how they are changed; None leaves them as they are, as validation does.
        self_blended: make pairs of the real crops alone, each with a fake made of it; fake crops are not looked at.
        blend: how those fakes are made; by default as ``SelfBlendConfig`` says.
        seed: of all that is left to chance.

    Attributes:
        records: those that are used: with ``self_blended`` the real ones.
        labels: theirs, 0 fake and 1 real.

    Raises:
        ConfigError: the size is below 1.
    """

    def __init__(
        self,
        root: Path,
        records: Sequence[CropRecord],
        size: int,
        *,
        augment: AugmentConfig | None,
        self_blended: bool = False,
        blend: SelfBlendConfig | None = None,
        seed: int = 0,
    ) -> None:
        check_crop_size(size)
        self.records = [record for record in records if not self_blended or record.label == "REAL"]
        self.labels = [REAL if record.label == "REAL" else FAKE for record in self.records]
        self._root = root
        self._size = size
        self._augment = augment
        self._blend = (blend or SelfBlendConfig()) if self_blended else None
        self._seed = seed
        self._epoch = 0

    @property
    def guessed(self) -> int:
        """How many self-blended fakes have an ellipse in the middle as a mask, for want of landmarks."""
        return sum(not has_outline(record.landmarks) for record in self.records) if self._blend else 0

    def set_epoch(self, epoch: int) -> None:
        """Let the items be those of another epoch, the first being 0."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> list[Example]:
        """A crop; the real and the fake of a pair with ``self_blended``; nothing where the image cannot be read."""
        index = range(len(self))[index]
        record = self.records[index]
        try:
            image = read_image(self._root / record.crop)
        except SourceError:
            return []
        image, landmarks = as_square(image, record.landmarks, self._size)
        blending, changing = np.random.SeedSequence((self._seed, self._epoch, index)).spawn(2)
        if self._blend is None:
            return [Example(self._changed(image, changing), self.labels[index])]
        pair = self_blend(image, landmarks, self._blend, np.random.default_rng(blending))
        return [
            Example(self._changed(pair.real, changing), REAL),
            Example(self._changed(pair.fake, changing), FAKE),
        ]

    def _changed(self, image: ImageArray, seed: np.random.SeedSequence) -> Tensor:
        """The same seed changes both of a pair alike."""
        tensor = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
        if self._augment is not None:
            tensor = augment(tensor, self._augment, np.random.default_rng(seed))
        return tensor.contiguous()


def as_square(image: ImageArray, landmarks: Sequence[Point], size: int) -> tuple[ImageArray, tuple[Point, ...]]:
    """A whole crop as a square of one size, and its landmarks with it.

    A crop that is no square is filled up with its edge pixels.

    Args:
        image: RGB, uint8 [height, width, 3].
        landmarks: x and y in pixels of the image.
        size: the square's side in pixels.

    Returns:
        RGB uint8 [size, size, 3], and the landmarks in its pixels.
    """
    height, width = image.shape[:2]
    x, y, reach = width / 2, height / 2, max(width, height) / 2
    square, (left, top, right, _) = crop_face(image, (x - reach, y - reach, x + reach, y + reach), size)
    factor = size / (right - left)
    return square, tuple(((x - left) * factor, (y - top) * factor) for x, y in landmarks)


def collate(items: list[list[Example]]) -> Batch:
    """Examples of one size as a batch, in their order."""
    examples = [example for item in items for example in item]
    images = (
        torch.stack([each.image for each in examples]) if examples else torch.empty((0, 3, 0, 0), dtype=torch.uint8)
    )
    labels = torch.tensor([each.label for each in examples], dtype=torch.int64)
    return Batch(images, labels, sum(not item for item in items))
