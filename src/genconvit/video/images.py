"""Single images, animated ones, and folders of frames, read with Pillow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from genconvit.core.errors import SourceAccessError, SourceError, SourceLimitError, UnsupportedSourceError
from genconvit.core.text import first_line
from genconvit.core.types import Frame, ImageArray
from genconvit.video.base import FrameStream
from genconvit.video.names import source_name
from genconvit.video.pixels import rgb_of
from genconvit.video.signatures import picture_of
from genconvit.video.size_limits import MAX_FRAMES, MAX_IMAGE_PIXELS, too_large
from genconvit.video.suffixes import IMAGE_SUFFIXES

FORMATS = ("AVIF", "BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""The formats that ``IMAGE_SUFFIXES`` promise, as Pillow names them. A file in another one is not parsed, whatever its
name: Pillow knows some forty more, and hands PostScript to Ghostscript. HEIC takes pillow-heif."""

ANIMATED = frozenset({"AVIF", "PNG", "WEBP"})
"""The formats whose further pictures are frames; those of JPEG and TIFF are other views, gain maps or pages."""

_REFUSED = {
    "HEIC sequence": "a HEIC sequence of pictures, which is not read; convert it to a video, or its pictures to JPEG",
    "JPEG XL": "a JPEG XL picture, which is not read; convert it to PNG or JPEG",
}


class ImageStream(FrameStream):
    """One image file, as a stream of one frame, or of those of an animated one.

    Args:
        path: an existing image file.
        frame_count: number of frames.
    """

    decoder = "image"

    def __init__(self, path: Path, frame_count: int = 1) -> None:
        self._path = path
        self._frame_count = frame_count

    @property
    def frame_count(self) -> int:
        """1, unless the image is animated."""
        return self._frame_count

    @property
    def keyframes(self) -> Sequence[int]:
        """Every frame."""
        return range(self._frame_count)

    def read(self, indices: Sequence[int]) -> Iterator[Frame]:
        """Yield the frames at these indices; their times are None. An animation ends where it is damaged.

        Raises:
            SourceError: the file is damaged behind its header, before the first of these frames.
        """
        if self._frame_count == 1:
            for index in indices:
                yield Frame(index, None, read_image(self._path))
            return
        with _opened(self._path) as image:
            for number, index in enumerate(indices):
                try:
                    image.seek(index)
                    shown = rgb_of(source_name(self._path), ImageOps.exif_transpose(image))
                except Exception:
                    if not number:
                        raise
                    return
                yield Frame(index, None, shown)


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
        """Number of image files in the folder, readable or not."""
        return len(self._paths)

    @property
    def keyframes(self) -> Sequence[int]:
        """Every image."""
        return range(len(self._paths))

    def read(self, indices: Sequence[int]) -> Iterator[Frame]:
        """Yield the images at these indices, their times None; one that cannot be read is left out.

        Raises:
            SourceError: none of them can be read; says why the first one cannot.
        """
        first: SourceError | None = None
        seen = 0
        for index in indices:
            try:
                image = read_image(self._paths[index])
            except SourceError as error:
                first = first or error
                continue
            seen += 1
            yield Frame(index, None, image)
        if first and not seen:
            folder, name = (source_name(each) for each in (self._paths[0].parent, Path(first.source).name))
            raise SourceError(folder, f"none of its {len(indices)} chosen images can be read; {name}: {first.reason}")


def open_image(path: Path) -> ImageStream:
    """Open one image; only its header is read.

    Raises:
        SourceError: the format is neither HEIC nor one of ``FORMATS``, its reader is not installed, or the image has
            more than ``MAX_IMAGE_PIXELS`` pixels.
    """
    with _opened(path) as image:
        count = getattr(image, "n_frames", 1) if image.format in ANIMATED else 1
        return ImageStream(path, min(count, MAX_FRAMES))


def open_folder(path: Path) -> FolderStream:
    """Open a folder of frames: its image files in natural order (``frame2`` before ``frame10``).

    Hidden files, files with another suffix and subfolders are ignored.

    Raises:
        SourceError: the folder holds no image, or cannot be listed.
    """
    try:
        names = sorted((entry.name for entry in path.iterdir() if is_image(entry)), key=_natural)
    except OSError as error:
        raise SourceAccessError(source_name(path), f"the folder cannot be listed ({error.strerror})") from error
    if not names:
        looked_for = ", ".join(sorted(IMAGE_SUFFIXES))
        raise UnsupportedSourceError(source_name(path), f"a directory without images (looked for {looked_for})")
    return FolderStream([path / name for name in names])


def is_image(path: Path) -> bool:
    """Tell whether a path is a file, not hidden, whose suffix is an image's."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".") and path.is_file()


def read_image(path: Path) -> ImageArray:
    """Decode an image, the first one where it is animated, to RGB, uint8 [height, width, 3], upright by its metadata.

    Transparency is dropped; grey of more than 8 bits is scaled to 8 by the range of its format.

    Raises:
        SourceError: the file is no image of a format that is read, is damaged, has more than ``MAX_IMAGE_PIXELS``
            pixels, or pixels that its format does not say how to scale.
    """
    with _opened(path) as image:
        ImageOps.exif_transpose(image, in_place=True)
        return rgb_of(source_name(path), image)


@cache
def _formats() -> tuple[str, ...]:
    """The formats that this Pillow can read; older ones have no AVIF."""
    Image.init()
    return tuple(each for each in FORMATS if each in Image.OPEN)


def _check_size(name: str, image: Image.Image) -> None:
    reason = too_large("an image", image.width, image.height, MAX_IMAGE_PIXELS)
    if reason:
        raise SourceLimitError(name, reason)


def _open(name: str, path: Path) -> Image.Image:
    """Open an image with what reads its format."""
    picture = picture_of(path)
    if picture in _REFUSED:
        raise UnsupportedSourceError(name, _REFUSED[picture])
    if picture != "HEIC":
        return Image.open(path, formats=_formats())
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        raise UnsupportedSourceError(
            name, "a HEIC picture, which takes pillow-heif; pip install 'genconvit[heif]'"
        ) from error
    image: Image.Image = HeifImageFile(path)  # its primary picture: no tile, thumbnail, depth or gain map
    return image


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open an image and check its size; whatever Pillow raises meanwhile becomes a SourceError.

    Pillow's parsers raise many types on damaged files. Its warnings are left to the filters of the process, because
    those belong to all threads: whoever makes them errors gets a SourceError.
    """
    name = source_name(path)
    try:
        with _open(name, path) as image:
            _check_size(name, image)
            yield image
    except SourceError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        limit = f"at most {MAX_IMAGE_PIXELS / 1e6:g} megapixels are read"
        pixels = re.search(r"\d+", str(error))
        raise SourceLimitError(name, f"an image of {pixels[0] if pixels else 'too many'} pixels; {limit}") from error
    except UnidentifiedImageError as error:
        known = ", ".join(FORMATS[:-1]) + " or " + FORMATS[-1]
        raise UnsupportedSourceError(name, f"not an image that Pillow can read as {known}") from error
    except Exception as error:
        raise SourceError(name, f"a damaged image ({first_line(error)})") from error


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    parts = re.split(r"(\d+)", name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], name
