"""The examples of a training, from its folder of crops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from genconvit.crops.folder import CropFolder, need, read_crops
from genconvit.errors import ConfigError
from genconvit.models.base import Architecture
from genconvit.nn.backbone import STRIDE
from genconvit.result import Label
from genconvit.train.config import TrainConfig
from genconvit.train.dataset import AS_THEY_ARE, CropDataset, Fakes
from genconvit.train.feed import fingerprint
from genconvit.train.pairs import ORIGINAL
from genconvit.train.preview import write_preview


@dataclass(frozen=True, eq=False)
class Data:
    """What a training sees.

    Attributes:
        train: the training split, augmented.
        valid: the valid split as it is; where fakes are self-blended and it has none of its own, with the same ones
            every time.
        fingerprint: SHA-256 of the records of both, and of the sizes of their images.
        notes: what is left out, or guessed.
    """

    train: CropDataset
    valid: CropDataset
    fingerprint: str
    notes: tuple[str, ...] = ()

    def write_preview(self, path: Path) -> None:
        """Draw sixteen examples as the network is going to see them."""
        write_preview(self.train, path)


def read_data(config: TrainConfig, model: Architecture) -> Data:
    """The splits of a folder, once both classes are known to be in them.

    Args:
        config: of the training.
        model: says how large an example is.

    Raises:
        ConfigError: the config asks for pairs where there are none, or for a size that the model does not take.
        DatasetError: the folder cannot be read, or lacks a split or a class.
    """
    root = Path(config.data)
    fakes = Fakes(config.pairs, config.self_blended, config.self_blended_share, config.blend)
    folder = read_crops(root)
    labels: tuple[Label, ...] = ("REAL",) if fakes.self_blended else ("FAKE", "REAL")
    train, valid = need(folder.records, "train", labels), need(folder.records, "valid", labels)
    alone = fakes.self_blended and all(record.label == "REAL" for record in valid)
    shown = CropDataset(root, train, _train_size(config, model), augment=config.augment, fakes=fakes, seed=config.seed)
    if config.pairs and not shown.paired:
        raise ConfigError(
            f"no fake of {config.data!r} names an original that is in the same split, so there are no pairs; give a "
            f"manifest with the column group_{ORIGINAL} (the video that a fake was made from), or leave "
            "pairs (--pairs) out"
        )
    return Data(
        train=shown,
        valid=CropDataset(
            root, valid, model.input_size, augment=None, fakes=fakes if alone else AS_THEY_ARE, seed=config.seed
        ),
        fingerprint=fingerprint(root, [*train, *valid]),
        notes=tuple(_notes(config, folder, shown)),
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


def _notes(config: TrainConfig, folder: CropFolder, shown: CropDataset) -> Iterator[str]:
    if folder.skipped:
        first = folder.skipped[0]
        yield f"left out of {config.data!r}: {len(folder.skipped)}, the first {first.name} ({first.reason})"
    if shown.alone:
        yield f"{shown.alone} fakes have no original in the training split and are not shown"
    if shown.guessed:
        yield f"{shown.guessed} reals have no landmarks: the fakes made of them have an ellipse as mask"
