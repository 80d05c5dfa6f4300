"""Pictures that a video decoder would take for videos, known by the first bytes of a file, whatever its name."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from genconvit.core.text import printable

Picture = Literal["AVIF", "HEIC", "HEIC sequence", "JPEG XL"]

_JPEG_XL = (b"\xff\x0a", b"\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a")
"""Beginnings of a bare codestream, and of one in a container."""

_AVIF = frozenset({b"avif", b"avis"})
_STILLS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2", b"avci", b"vvic", b"evbi", b"jpeg", b"j2ki"})
_SEQUENCES = frozenset({b"hevc", b"hevx", b"hevm", b"hevs", b"msf1", b"avcs", b"vvis", b"evbs", b"jpgs", b"j2is"})
"""The brands of ISO/IEC 23008-12, by which a file says first what it is above all."""

_IMAGES = {
    b"\xff\xd8\xff": ("JPEG", ".jpg"),
    b"\x89PNG\r\n\x1a\n": ("PNG", ".png"),
    b"GIF8": ("GIF", ".gif"),
    b"II*\0": ("TIFF", ".tif"),
    b"MM\0*": ("TIFF", ".tif"),
}
"""Beginnings of the files of each format, and a suffix that it goes by."""

_MOST_BYTES = 256


def picture_of(path: Path) -> Picture | None:
    """The format of a picture that video decoders open; None for every other file.

    A file that holds a picture and a video is what its first brand says: a phone's video is no picture.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(_MOST_BYTES)
    if start.startswith(_JPEG_XL):
        return "JPEG XL"
    if start[4:8] != b"ftyp":
        return None
    major, others = start[8:12], start[16 : int.from_bytes(start[:4], "big")]
    brands = {others[at : at + 4] for at in range(0, len(others), 4)}
    if major in _AVIF or (major in (b"mif1", b"msf1") and brands & _AVIF):
        return "AVIF"
    return "HEIC" if major in _STILLS else "HEIC sequence" if major in _SEQUENCES else None


def mistaken_image(path: Path) -> str | None:
    """Tell a user that a file that no video decoder opens is an image by another name; None for any other.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(_MOST_BYTES)
    found = next((kind for begins, kind in _IMAGES.items() if start.startswith(begins)), None)
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        found = ("WebP", ".webp")
    if start[:2] == b"BM" and not any(start[6:10]):
        found = ("BMP", ".bmp")
    if found is None:
        return None
    name, suffix = found
    called = f"whose name ends in {printable(path.suffix)}" if path.suffix else "whose name has no suffix"
    return f"it is a {name} image {called}; rename it to end in {suffix}"
