"""The examples of a training, from its folder of crops."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from genconvit.core.errors import ConfigError
from genconvit.crops.folder import CropFolder, need, read_crops
from genconvit.crops.record import ORIGINAL, CropRecord, Point
from genconvit.models.base import Architecture
from genconvit.nn.backbone import STRIDE
from genconvit.results.result import Label
from genconvit.train.config import TrainConfig
from genconvit.train.dataset import AS_THEY_ARE, CropDataset, Fakes
from genconvit.train.feed import fingerprint
from genconvit.train.held_out import Parted, named, without_held_out
from genconvit.train.landmarks import lacking, with_landmarks
from genconvit.train.pairs import find_pairs
from genconvit.train.preview import write_preview

FindLandmarks = Callable[[Sequence[CropRecord], str], Mapping[str, tuple[Point, ...]]]
"""Takes crops without landmarks and the data's fingerprint; gives, by the crop's path, what was found."""


@dataclass(frozen=True, eq=False)
class Data:
    """Data that a training sees.

    Attributes:
        train: the training split, augmented.
        valid: the valid split as it is, but the fakes that are held out; where fakes are self-blended and it has none
            of its own, with the same ones every time.
        unseen: fakes that are held out; None where there are none.
        fingerprint: SHA-256 of what the data are.
        notes: notes that a reader must know.
    """

    train: CropDataset
    valid: CropDataset
    unseen: CropDataset | None
    fingerprint: str
    notes: tuple[str, ...]

    def write_preview(self, path: Path) -> None:
        """Draw sixteen examples as the network is going to see them."""
        write_preview(self.train, path)


def read_data(config: TrainConfig, model: Architecture, find_landmarks: FindLandmarks) -> Data:
    """The splits of a folder, once both classes are known to be in them.

    Args:
        config: config of the training.
        model: says how large an example is.
        find_landmarks: called at most once, where self-blended fakes are to be made of crops that have none.

    Raises:
        ConfigError: the config asks for pairs where there are none, holds out what is not there or all there is, or
            asks for a size that the model does not take.
        DatasetError: the folder cannot be read, or lacks a split or a class.
    """
    root, size = Path(config.data), _train_size(config, model)
    fakes = Fakes(config.pairs, config.self_blended, config.self_blended_share, config.blend, config.pair_mix)
    folder = read_crops(root)
    labels: tuple[Label, ...] = ("REAL",) if fakes.self_blended else ("FAKE", "REAL")
    whole = need(folder.records, "train", labels), need(folder.records, "valid", labels)
    checksum = fingerprint(root, [record for split in whole for record in split])
    parted = without_held_out(config.hold_out, *whole)
    valid_fakes = (
        fakes if fakes.self_blended and all(record.label == "REAL" for record in parted.valid) else AS_THEY_ARE
    )
    _refuse_without_pairs(config, parted.train)
    bare = [*lacking(parted.train if fakes.blending else ()), *lacking(parted.valid if valid_fakes.blending else ())]
    found = find_landmarks(bare, checksum) if bare else {}
    train, valid = with_landmarks(parted.train, found), with_landmarks(parted.valid, found)
    shown = CropDataset(root, train, size, augment=config.augment, fakes=fakes, seed=config.seed)
    side = model.input_size
    return Data(
        train=shown,
        valid=CropDataset(root, valid, side, augment=None, fakes=valid_fakes, seed=config.seed),
        unseen=CropDataset(root, parted.unseen, side, augment=None) if parted.unseen else None,
        fingerprint=checksum,
        notes=(*_notes(config, folder, parted), *_notes_on_fakes(shown, found)),
    )


def _refuse_without_pairs(config: TrainConfig, train: Sequence[CropRecord]) -> None:
    if config.pairs and not any(find_pairs(train).fakes):
        raise ConfigError(
            f"no fake of the training split of {config.data!r} names an original that is in it, so there are no pairs; "
            f"give a manifest with the column group_{ORIGINAL} (the video that a fake was made from), or leave pairs "
            "(--pairs) out"
        )


def _train_size(config: TrainConfig, model: Architecture) -> int:
    size = config.image_size or model.input_size
    if size != model.input_size and not (model.any_size and size % STRIDE == 0):
        what = f"a multiple of {STRIDE}" if model.any_size else f"{model.input_size} alone"
        raise ConfigError(
            f"image_size={size} is no size that architecture {config.architecture!r} can be trained at: it takes "
            f"{what}; leave image_size (--image-size) out"
        )
    return size


def _notes(config: TrainConfig, folder: CropFolder, parted: Parted) -> Iterator[str]:
    if folder.skipped:
        first = folder.skipped[0]
        yield f"left out of {config.data!r}: {len(folder.skipped)}, the first {first.name} ({first.reason})"
    if config.hold_out:
        yield (
            f"held out, {named(config.hold_out)}: crops of the training split, which are never shown: "
            f"{parted.left_out}; fakes of the valid split, which are measured apart: {len(parted.unseen)}"
        )


def _notes_on_fakes(shown: CropDataset, found: Mapping[str, tuple[Point, ...]]) -> Iterator[str]:
    if shown.alone:
        yield f"fakes without their original in the training split, which are not shown: {shown.alone}"
    if shown.unpaired:
        yield f"reals of the training split of which it has no fake: {shown.unpaired}"
    if found:
        faces = sum(map(bool, found.values()))
        yield f"reals without landmarks in the manifest: {len(found)}; the face detector mtcnn found those of {faces}"
    if shown.guessed:
        yield f"reals without landmarks: {shown.guessed}; the fakes made of them have an ellipse as mask"
