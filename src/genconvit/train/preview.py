"""Pictures of what a training sees: sixteen of its examples, and how a self-blended fake is made."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from genconvit.core.errors import ConfigError, DatasetError
from genconvit.core.files import written_whole
from genconvit.core.types import ImageArray
from genconvit.crops.record import CropRecord
from genconvit.train.dataset import REAL, CropDataset, Example
from genconvit.train.face_mask import Mask
from genconvit.train.self_blended import SelfBlendConfig, self_blend
from genconvit.train.window import as_square
from genconvit.video.images import read_image

_COLUMNS, _TILES = 4, 16
_GAP = 4
_CAPTION = 16
_COLUMNS_OF_STEPS = 5

Tile = tuple[ImageArray, str]
"""RGB uint8 [S, S, 3], and what is written below it."""


def write_preview(dataset: CropDataset, path: Path) -> None:
    """Draw sixteen examples as a training sees them, 4 x 4, each with its label; pairs beside each other.

    The crops are chosen by chance, always the same ones; those that cannot be read are left out.

    Args:
        dataset: data set that the examples come from.
        path: a PNG, which is replaced where it is there.

    Raises:
        DatasetError: none of the crops that were tried can be read.
        ConfigError: the picture cannot be written.
    """
    tiles = [(_image(each), "real" if each.label == REAL else "fake") for each in _some(dataset)]
    if not tiles:
        raise DatasetError("none of the crops can be read, so there is nothing to train on; open some of them by hand")
    _save(_sheet(tiles, _COLUMNS), path)


def write_steps(
    root: Path,
    records: Sequence[CropRecord],
    path: Path,
    *,
    size: int = 128,
    config: SelfBlendConfig | None = None,
    seed: int = 0,
) -> None:
    """Draw how self-blended fakes are made, a row a face: the crop, source, target, mask times ratio, and the fake.

    Args:
        root: the folder that the records' paths start from.
        records: one or more crops.
        path: a PNG, which is replaced where it is there.
        size: the side of an image in pixels.
        config: config by which the fakes are made.
        seed: seed of all that is left to chance.

    Raises:
        SourceError: a crop cannot be read.
        ConfigError: there is no record, or the picture cannot be written.
    """
    if not records:
        raise ConfigError("there is no crop to show the steps of; give at least one")
    tiles: list[Tile] = []
    for number, record in enumerate(records):
        image, landmarks = as_square(read_image(root / record.crop), record.landmarks, size)
        made = self_blend(image, landmarks, config or SelfBlendConfig(), np.random.default_rng((seed, number)))
        images = (image, made.source, made.real, _grey(made.mask * np.float32(made.ratio)), made.fake)
        captions = ("crop", "source", "target, the real", f"mask x {made.ratio:g}", "fake")
        tiles += zip(images, captions, strict=True)
    _save(_sheet(tiles, _COLUMNS_OF_STEPS), path)


def _some(dataset: CropDataset) -> list[Example]:
    """Choose at most sixteen examples, and no half of a pair."""
    examples: list[Example] = []
    for item in _tried(dataset):
        if len(examples) + len(item) > _TILES:
            break
        examples += item
    return examples


def _tried(dataset: CropDataset) -> Iterator[list[Example]]:
    order = np.random.default_rng(0).permutation(len(dataset))
    for index in order[: 4 * _TILES]:
        yield dataset[int(index)]


def _image(example: Example) -> ImageArray:
    return np.ascontiguousarray(example.image.permute(1, 2, 0).numpy())


def _grey(mask: Mask) -> ImageArray:
    return np.repeat(np.rint(mask * 255).astype(np.uint8)[..., None], 3, axis=2)


def _sheet(tiles: Sequence[Tile], columns: int) -> Image.Image:
    """Images of one size in rows, each with its caption below."""
    side = len(tiles[0][0])
    wide, high = side + _GAP, side + _CAPTION + _GAP
    rows = math.ceil(len(tiles) / columns)
    sheet = Image.new("RGB", (columns * wide - _GAP, rows * high - _GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for number, (image, caption) in enumerate(tiles):
        x, y = number % columns * wide, number // columns * high
        sheet.paste(Image.fromarray(image), (x, y))
        draw.text((x + side / 2, y + side + 2), caption, fill="black", anchor="ma", font_size=11)
    return sheet


def _save(picture: Image.Image, path: Path) -> None:
    """Write a PNG, whole or not at all."""
    try:
        with written_whole(path) as partial:
            picture.save(partial, "PNG")
    except OSError as error:
        raise ConfigError(f"{str(path)!r} cannot be written: {error.strerror}; choose another path") from error
