"""Single images and folders of frames, read with Pillow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from genconvit.errors import SourceError
from genconvit.text import first_line
from genconvit.types import Frame, ImageArray
from genconvit.video.base import FrameStream
from genconvit.video.limits import MAX_IMAGE_PIXELS, too_large
from genconvit.video.names import source_name
from genconvit.video.suffixes import IMAGE_SUFFIXES

FORMATS = ("AVIF", "BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""The formats that ``IMAGE_SUFFIXES`` promise, as Pillow names them. A file in another one is not parsed, whatever its
name: Pillow knows some forty more, and hands PostScript to Ghostscript."""


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

    @property
    def keyframes(self) -> Sequence[int]:
        """The image."""
        return range(1)

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

    @property
    def keyframes(self) -> Sequence[int]:
        """Every image."""
        return range(len(self._paths))

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
        SourceError: the format is none of ``FORMATS``, or the image has more than ``MAX_IMAGE_PIXELS`` pixels.
    """
    with _opened(path):
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
        SourceError: the file is no image of a format in ``FORMATS``, is damaged, or has more than
            ``MAX_IMAGE_PIXELS`` pixels.
    """
    with _opened(path) as image:
        ImageOps.exif_transpose(image, in_place=True)
        return np.asarray(_to_rgb(image))


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "I" or image.mode.startswith("I;16"):
        grey = np.asarray(image).astype(np.int64).clip(0, 65535) >> 8
        return Image.fromarray(grey.astype(np.uint8)).convert("RGB")
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA")
    return image if image.mode == "RGB" else image.convert("RGB")


@cache
def _formats() -> tuple[str, ...]:
    """The formats that this Pillow can read; older ones have no AVIF."""
    Image.init()
    return tuple(each for each in FORMATS if each in Image.OPEN)


def _check_size(name: str, image: Image.Image) -> None:
    reason = too_large("an image", image.width, image.height, MAX_IMAGE_PIXELS)
    if reason:
        raise SourceError(name, reason)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open an image and check its size; whatever Pillow raises meanwhile becomes a SourceError.

    Pillow's parsers raise many types on damaged files. Its warnings are left to the filters of the process, because
    those belong to all threads: whoever makes them errors gets a SourceError.
    """
    name = source_name(path)
    try:
        with Image.open(path, formats=_formats()) as image:
            _check_size(name, image)
            yield image
    except SourceError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        limit = f"at most {MAX_IMAGE_PIXELS / 1e6:g} megapixels are read"
        pixels = re.search(r"\d+", str(error))
        raise SourceError(name, f"an image of {pixels[0] if pixels else 'too many'} pixels; {limit}") from error
    except UnidentifiedImageError as error:
        known = ", ".join(FORMATS[:-1]) + " or " + FORMATS[-1]
        raise SourceError(name, f"not an image that Pillow can read as {known}") from error
    except Exception as error:
        raise SourceError(name, f"a damaged image ({first_line(error)})") from error


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    parts = re.split(r"(\d+)", name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], name
