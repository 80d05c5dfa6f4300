"""Examples for training: face crops from disk, alone or as pairs of a real one and a fake that was made from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from genconvit.core.errors import SourceError
from genconvit.core.types import ImageArray
from genconvit.crops.record import CropRecord, Point
from genconvit.faces.square import check_crop_size
from genconvit.train.augment import AugmentConfig, augment
from genconvit.train.face_mask import has_outline
from genconvit.train.pair_mix import PairMixConfig, mix_pair
from genconvit.train.pairs import find_pairs
from genconvit.train.self_blended import SelfBlendConfig, self_blend
from genconvit.train.window import WHOLE, as_square, drawn_window
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
        skipped: number of items that had no example, because an image of theirs cannot be read.
    """

    images: Tensor
    labels: Tensor
    skipped: int


@dataclass(frozen=True)
class Fakes:
    """Origin of the fakes of a training.

    Attributes:
        pairs: show each real beside one of the fakes that were made from it, changed alike, and no other fake. A real
            of which none was made is shown alone.
        self_blended: make all of them from the reals; the fakes on disk are not looked at.
        share: each fake on disk is replaced by a self-blended one with this probability, in [0, 1]; above 0, with
            pairs, every real of which none was made gets one as well.
        blend: config of the self-blended ones.
        mix: config by which the fakes of pairs are mixed with their reals.
    """

    pairs: bool = False
    self_blended: bool = False
    share: float = 0.0
    blend: SelfBlendConfig = field(default_factory=SelfBlendConfig)
    mix: PairMixConfig = field(default_factory=PairMixConfig)

    @property
    def blending(self) -> bool:
        """True where some are self-blended."""
        return self.self_blended or self.share > 0


AS_THEY_ARE = Fakes()


class CropDataset(Dataset[list[Example]]):
    """The crops of some records, each resized to a square as faces are cut out of frames.

    An item depends on the seed, the epoch and its index alone: not on the worker that makes it, not on what was made
    before, and not on PyTorch's or NumPy's global generators.

    Args:
        root: the folder that the records' paths start from.
        records: the crops.
        size: S, the side of the examples in pixels.
        augment: changes of the examples; None leaves them as they are, as validation does.
        fakes: origin of the fakes.
        seed: seed of all that is left to chance.

    Attributes:
        records: one for each item: every crop, or the real ones where each item is a pair.
        labels: theirs, 0 fake and 1 real.
        alone: number of fakes on disk that have no original here and are never shown, where items are pairs of both.

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
        fakes: Fakes = AS_THEY_ARE,
        seed: int = 0,
    ) -> None:
        check_crop_size(size)
        self._reals = [record for record in records if record.label == "REAL"]
        self.records = self._reals if fakes.pairs or fakes.self_blended else list(records)
        self.labels = [REAL if record.label == "REAL" else FAKE for record in self.records]
        pairs = find_pairs(records) if fakes.pairs else None
        self.alone = pairs.alone if pairs else 0
        self._partners = pairs.fakes if pairs else ()
        self._root = root
        self._size = size
        self._augment = augment
        self._fakes = fakes
        self._seed = seed
        self._epoch = 0

    @property
    def unpaired(self) -> int:
        """Number of reals that have no fake on disk to be shown beside, where items are pairs of both."""
        return sum(not partners for partners in self._partners)

    @property
    def guessed(self) -> int:
        """Number of reals whose self-blended fakes have an ellipse in the middle as a mask, for want of landmarks."""
        return sum(not has_outline(record.landmarks) for record in self._reals) if self._fakes.blending else 0

    def set_epoch(self, epoch: int) -> None:
        """Let the items be those of another epoch, the first being 0."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> list[Example]:
        """A crop, or a real and a fake where items are pairs; nothing where an image of it cannot be read."""
        index = range(len(self))[index]
        draws = _Draws.of(self._seed, self._epoch, index)
        if self._fakes.self_blended:
            return self._blended(self.records[index], draws)
        if self._fakes.pairs:
            return self._pair(index, draws)
        if self.labels[index] == FAKE and self._reals and draws.choosing.random() < self._fakes.share:
            real = self._reals[int(draws.choosing.integers(len(self._reals)))]
            return self._blended(real, draws)[1:]
        return self._alone(self.records[index], draws)

    def _pair(self, index: int, draws: _Draws) -> list[Example]:
        partners, real = self._partners[index], self.records[index]
        if self._fakes.share and (not partners or draws.choosing.random() < self._fakes.share):
            return self._blended(real, draws)
        if not partners:
            return self._alone(real, draws)
        fake = partners[int(draws.choosing.integers(len(partners)))]
        first, second = self._read(real, draws), self._read(fake, draws)
        if first is None or second is None:
            return []
        mixed = mix_pair(first[0], second[0], self._fakes.mix, np.random.default_rng(draws.blending))
        return [Example(self._changed(first[0], draws), REAL), Example(self._changed(mixed, draws), FAKE)]

    def _alone(self, record: CropRecord, draws: _Draws) -> list[Example]:
        read = self._read(record, draws)
        if read is None:
            return []
        return [Example(self._changed(read[0], draws), REAL if record.label == "REAL" else FAKE)]

    def _blended(self, record: CropRecord, draws: _Draws) -> list[Example]:
        read = self._read(record, draws)
        if read is None:
            return []
        pair = self_blend(*read, self._fakes.blend, np.random.default_rng(draws.blending))
        return [Example(self._changed(pair.real, draws), REAL), Example(self._changed(pair.fake, draws), FAKE)]

    def _read(self, record: CropRecord, draws: _Draws) -> tuple[ImageArray, tuple[Point, ...]] | None:
        try:
            image = read_image(self._root / record.crop)
        except SourceError:
            return None
        window = WHOLE
        if self._augment is not None:
            window = drawn_window(np.random.default_rng(draws.placing), self._augment.window)
        return as_square(image, record.landmarks, self._size, window)

    def _changed(self, image: ImageArray, draws: _Draws) -> Tensor:
        tensor = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
        if self._augment is not None:
            tensor = augment(tensor, self._augment, np.random.default_rng(draws.changing))
        return tensor.contiguous()


class _Draws(NamedTuple):
    """The chance of one item. Both of a pair have the same, so that they are changed alike."""

    blending: np.random.SeedSequence
    changing: np.random.SeedSequence
    placing: np.random.SeedSequence
    choosing: np.random.Generator

    @classmethod
    def of(cls, *seed: int) -> _Draws:
        blending, changing, placing, choosing = np.random.SeedSequence(seed).spawn(4)
        return cls(blending, changing, placing, np.random.default_rng(choosing))


def collate(items: list[list[Example]]) -> Batch:
    """Examples of one size as a batch, in their order."""
    examples = [example for item in items for example in item]
    images = (
        torch.stack([each.image for each in examples]) if examples else torch.empty((0, 3, 0, 0), dtype=torch.uint8)
    )
    labels = torch.tensor([each.label for each in examples], dtype=torch.int64)
    return Batch(images, labels, sum(not item for item in items))
