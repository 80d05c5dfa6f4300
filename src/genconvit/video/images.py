"""Single images and folders of frames, read with Pillow."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from genconvit.errors import SourceError
from genconvit.types import Frame, ImageArray
from genconvit.video.base import FrameStream
from genconvit.video.names import first_line, source_name
from genconvit.video.suffixes import IMAGE_SUFFIXES

MAX_IMAGE_PIXELS = 100_000_000
"""An image with more pixels is refused by its header, before anything is decoded."""


class ImageStream(FrameStream):
    """One image file, as a stream of one frame.

    Args:
        path: an existing image file.
    """

    decoder = "image"

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def frame_count(self) -> int:
        """Always 1."""
        return 1

    def read(self, indices: Sequence[int]) -> Iterator[Frame]:
        """Yield the image; its time is None.

        Raises:
            SourceError: the file is damaged behind its header.
        """
        for index in indices:
            yield Frame(index, None, read_image(self._path))


class FolderStream(FrameStream):
    """The images of one folder in natural order, as the frames of one video.

    Args:
        paths: the images in their order, at least one.
    """

    decoder = "folder"

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)

    @property
    def frame_count(self) -> int:
        """How many image files the folder has, readable or not."""
        return len(self._paths)

    def read(self, indices: Sequence[int]) -> Iterator[Frame]:
        """Yield the images at these indices, their times None; one that cannot be read is left out."""
        for index in indices:
            try:
                image = read_image(self._paths[index])
            except SourceError:
                continue
            yield Frame(index, None, image)


def open_image(path: Path) -> ImageStream:
    """Open one image; only its header is read.

    Raises:
        SourceError: Pillow does not know the format, or the image has more than ``MAX_IMAGE_PIXELS`` pixels.
    """
    with _guarded(path), Image.open(path) as image:
        _check_size(path, image)
    return ImageStream(path)


def open_folder(path: Path) -> FolderStream:
    """Open a folder of frames: its image files in natural order (``frame2`` before ``frame10``).

    Hidden files, files with another suffix and subfolders are ignored.

    Raises:
        SourceError: the folder holds no image, or cannot be listed.
    """
    try:
        names = sorted((entry.name for entry in path.iterdir() if is_image(entry)), key=_natural)
    except OSError as error:
        raise SourceError(source_name(path), f"the folder cannot be listed ({error.strerror})") from error
    if not names:
        looked_for = ", ".join(sorted(IMAGE_SUFFIXES))
        raise SourceError(source_name(path), f"a directory without images (looked for {looked_for})")
    return FolderStream([path / name for name in names])


def is_image(path: Path) -> bool:
    """Whether a path is a file, not hidden, whose suffix is an image's."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".") and path.is_file()


def read_image(path: Path) -> ImageArray:
    """Decode an image to RGB, uint8 [height, width, 3], upright by its EXIF orientation.

    Transparency is dropped; 16-bit grey is scaled to 8 bits.

    Raises:
        SourceError: the file is no image, is damaged, or has more than ``MAX_IMAGE_PIXELS`` pixels.
    """
    with _guarded(path), Image.open(path) as image:
        _check_size(path, image)
        return np.asarray(_to_rgb(ImageOps.exif_transpose(image)))


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "I" or image.mode.startswith("I;16"):
        grey = np.asarray(image).astype(np.int64).clip(0, 65535) >> 8
        return Image.fromarray(grey.astype(np.uint8)).convert("RGB")
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA")
    return image.convert("RGB")


def _check_size(path: Path, image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_IMAGE_PIXELS:
        raise SourceError(
            source_name(path),
            f"an image of {width} x {height} pixels; at most {MAX_IMAGE_PIXELS // 1_000_000} megapixels are read",
        )


@contextmanager
def _guarded(path: Path) -> Iterator[None]:
    """Turn whatever Pillow raises into a SourceError; its parsers raise many types on damaged files."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except SourceError:
            raise
        except Image.DecompressionBombError as error:
            limit = MAX_IMAGE_PIXELS // 1_000_000
            raise SourceError(
                source_name(path), f"an image with too many pixels; at most {limit} megapixels are read"
            ) from error
        except UnidentifiedImageError as error:
            raise SourceError(source_name(path), "not an image that Pillow can read") from error
        except Exception as error:
            raise SourceError(source_name(path), f"a damaged image ({first_line(error)})") from error


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    parts = re.split(r"(\d+)", name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], name
