"""Face crops by which a network's int8 is fitted and measured: a folder's, or those of the package's portrait."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

from genconvit.core.errors import ConfigError, SourceError
from genconvit.core.files import sha256_of_file
from genconvit.core.types import ImageArray
from genconvit.data.sample import PORTRAIT
from genconvit.data.sample_crops import sample_crops
from genconvit.faces.crop import resize_crops
from genconvit.video.images import is_image, read_image

FEWEST, MOST = 8, 256
"""Fewest crops that a folder may hold, and most that are taken of it."""

PORTRAIT_CROPS = 96
_SEED = 15


@dataclass(frozen=True, eq=False)
class Int8Crops:
    """Crops by which int8 is fitted, and others by which it is measured.

    Attributes:
        fitted: RGB uint8 [N, S, S, 3].
        held_back: RGB uint8 [M, S, S, 3], which nothing is fitted to.
        name: name of the folder, or of the portrait.
        sha256: SHA-256 of what they were made of, in hexadecimal.
    """

    fitted: ImageArray
    held_back: ImageArray
    name: str
    sha256: str


def read_int8_crops(folder: str | None, side: int) -> Int8Crops:
    """Read the crops of a folder; every other one is held back.

    Args:
        folder: path of a folder of square face crops as the network sees them; None is the package's portrait, cropped,
            coloured and compressed in many ways.
        side: height and width in pixels that the network takes.

    Raises:
        ConfigError: the folder cannot be read, holds too few images, or one that cannot be read or is no square.
    """
    if folder is None:
        images = sample_crops(side, PORTRAIT_CROPS, seed=_SEED)
        return Int8Crops(images[::2], images[1::2], PORTRAIT, hashlib.sha256(images.tobytes()).hexdigest())
    files = _files(folder)
    images = np.stack([_read(file, side) for file in files])
    return Int8Crops(images[::2], images[1::2], Path(folder).resolve().name, _hash(files))


def hash_of_crops(folder: str | None) -> str:
    """Give a text that changes with the crops of a folder, or says that they are the portrait's.

    Raises:
        ConfigError: the folder cannot be read, or holds too few images.
    """
    return "portrait" if folder is None else _hash(_files(folder))


def _files(folder: str) -> list[Path]:
    try:
        found = sorted(path for path in _below(Path(folder).expanduser()) if is_image(path))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"int8_crops={folder!r} cannot be read ({reason}); give a folder of face crops") from error
    if len(found) < FEWEST:
        raise ConfigError(
            f"int8_crops={folder!r} holds {len(found)} images, where at least {FEWEST} are needed; give a folder of "
            "face crops, such as genconvit extract writes, or leave it out (--int8-crops)"
        )
    places = np.linspace(0, len(found) - 1, min(len(found), MOST)).round().astype(int)
    return [found[place] for place in places]


def _below(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder and of the folders in it; no link to a folder is entered.

    Raises:
        OSError: a folder cannot be read.
    """

    def refuse(error: OSError) -> NoReturn:
        raise error

    for parent, _, names in os.walk(folder, onerror=refuse):
        yield from (Path(parent, name) for name in names)


def _read(file: Path, side: int) -> ImageArray:
    try:
        image = read_image(file)
    except SourceError as error:
        raise ConfigError(f"int8_crops: {error}; take this file out of the folder") from error
    height, width, _ = image.shape
    if height != width:
        raise ConfigError(
            f"int8_crops: {file} has {width} x {height} pixels, and a face crop is a square; genconvit extract cuts "
            "such crops"
        )
    resized: ImageArray = np.asarray(resize_crops(image[None], side))[0]
    return resized


def _hash(files: list[Path]) -> str:
    return hashlib.sha256("".join(map(sha256_of_file, files)).encode()).hexdigest()
