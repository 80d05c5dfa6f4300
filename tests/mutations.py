"""Ways to damage a file that has a structure."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

_TAGS = re.compile(
    rb"ftyp|moov|mvhd|trak|tkhd|edts|elst|mdia|mdhd|hdlr|minf|stbl|stsd|stts|stss|ctts|stsc|stsz|stco|co64|mdat|avcC|esds|"
    rb"moof|traf|trun|RIFF|LIST|hdrl|avih|strl|strh|strf|movi|idx1|00dc|JUNK|"
    rb"\x1a\x45\xdf\xa3|\x18\x53\x80\x67|\x15\x49\xa9\x66|\x16\x54\xae\x6b|\x1f\x43\xb6\x75|\x1c\x53\xbb\x6b|\xa3|\xae|\xe0|"
    rb"\x00\x00\x01|IHDR|IDAT|VP8 |WEBP|\xff\xd8|\xff\xc0|\xff\xda"
)
"""Marks that open a box, a chunk, an element or a picture in MP4, AVI, Matroska, H.264 and in image formats."""

_ODD_BYTES = (0, 1, 0x7F, 0x80, 0xFE, 0xFF)
_ODD_SIZES = (0, 1, 7, 8, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x00FFFFFF, 0x01000000)
_HEADER_BYTES = 2048


def flip_bits(content: bytearray, chance: random.Random) -> None:
    """Turn over a few bits anywhere."""
    for _ in range(chance.randint(1, 24)):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def overwrite_bytes(content: bytearray, chance: random.Random) -> None:
    """Set a few bytes anywhere to values at the edges of what a byte can be."""
    for _ in range(chance.randint(1, 24)):
        content[chance.randrange(len(content))] = chance.choice(_ODD_BYTES)


def overwrite_header(content: bytearray, chance: random.Random) -> None:
    """Set a few bytes near the beginning or the end, where headers and indices lie."""
    span = min(_HEADER_BYTES, len(content))
    start = chance.choice((0, len(content) - span))
    for _ in range(chance.randint(1, 8)):
        content[start + chance.randrange(span)] = chance.randrange(256)


def overwrite_run(content: bytearray, chance: random.Random) -> None:
    """Set a run of bytes at random."""
    start, end = _span(content, chance)
    content[start:end] = chance.randbytes(end - start)


def clear_run(content: bytearray, chance: random.Random) -> None:
    """Set a run of bytes to zero."""
    start, end = _span(content, chance)
    content[start:end] = bytes(end - start)


def delete_run(content: bytearray, chance: random.Random) -> None:
    """Take a run of bytes out."""
    start, end = _span(content, chance)
    del content[start:end]


def repeat_run(content: bytearray, chance: random.Random) -> None:
    """Put a run of bytes in once more, there or elsewhere."""
    start, end = _span(content, chance)
    at = chance.choice((end, chance.randrange(len(content))))
    content[at:at] = content[start:end] * chance.choice((1, 1, 1, 50))


def swap_runs(content: bytearray, chance: random.Random) -> None:
    """Exchange two runs of bytes."""
    one, other = sorted(chance.randrange(len(content)) for _ in range(2))
    length = min(chance.randint(1, 512), other - one, len(content) - other)
    first, second = content[one : one + length], content[other : other + length]
    content[one : one + length], content[other : other + length] = second, first


def truncate(content: bytearray, chance: random.Random) -> None:
    """Cut the end off."""
    del content[chance.randrange(1, len(content)) :]


def edit_size(content: bytearray, chance: random.Random) -> None:
    """Set the number before or behind a tag, which often is a size or a count."""
    places = [(found.start(), found.end()) for found in _TAGS.finditer(content)]
    if not places:
        return
    start, end = chance.choice(places)
    number = chance.choice((*_ODD_SIZES, chance.randrange(1 << 32)))
    at = chance.choice((start - 4, end, end + 4, end + 8))
    if 0 <= at <= len(content) - 4:
        content[at : at + 4] = number.to_bytes(4, chance.choice(("big", "little")))


def exchange_tag(content: bytearray, chance: random.Random) -> None:
    """Put another tag in a tag's place."""
    tags = list(_TAGS.finditer(content))
    if tags:
        one, other = chance.choice(tags), chance.choice(tags)
        content[one.start() : one.end()] = other[0]


MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    flip_bits,
    overwrite_bytes,
    overwrite_header,
    overwrite_run,
    clear_run,
    delete_run,
    repeat_run,
    swap_runs,
    truncate,
    edit_size,
    edit_size,
    exchange_tag,
)
"""Each changes the content in place, which has at least one byte; one that stands twice is twice as likely."""


def damaged(contents: Sequence[bytes], chance: random.Random) -> bytes:
    """One of some files, spliced with another one now and then, and damaged in one to four ways."""
    content = bytearray(chance.choice(contents))
    if chance.random() < 0.1:
        other = chance.choice(contents)
        content[chance.randrange(len(content)) :] = other[chance.randrange(len(other)) :]
    for _ in range(chance.choice((1, 1, 2, 4))):
        if content:
            chance.choice(MUTATIONS)(content, chance)
    return bytes(content or b"\0")


def _span(content: bytearray, chance: random.Random) -> tuple[int, int]:
    start = chance.randrange(len(content))
    return start, min(len(content), start + chance.randint(1, chance.choice((4, 64, 1024, 1 << 16))))
