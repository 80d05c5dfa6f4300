"""Names of sources from a stream, one at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

from genconvit.core.errors import SourceAccessError
from genconvit.video.given import GivenSource
from genconvit.video.names import source_name

LONGEST_NAME = 1 << 16
"""Most bytes of a name; a longer one is answered, and not looked for."""

_BLOCK = 1 << 16


def read_names(stream: BinaryIO, *, null: bool = False) -> Iterator[str | GivenSource]:
    """Each name in a stream, as soon as its end is there; empty ones are passed over.

    Args:
        stream: bytes, names in the encoding of the file system.
        null: a NUL byte ends a name, as after ``find -print0``; else the end of a line does.
    """
    end = b"\0" if null else b"\n"
    rest, is_cut = b"", False
    while block := _some(stream):
        *names, rest = (rest + block).split(end)
        for name in names:
            yield from _named(name, is_cut=is_cut)
            is_cut = False
        if len(rest) > LONGEST_NAME:
            rest, is_cut = rest[:LONGEST_NAME], True
    yield from _named(rest, is_cut=is_cut)


def _some(stream: BinaryIO) -> bytes:
    """Bytes that are there, without a wait for more; nothing at the end."""
    read = getattr(stream, "read1", stream.read)
    block: bytes = read(_BLOCK)
    return block


def _named(name: bytes, *, is_cut: bool) -> Iterator[str | GivenSource]:
    if not name:
        return
    text = os.fsdecode(name)
    if not is_cut and len(name) <= LONGEST_NAME:
        yield text
        return
    shown = source_name(text[:200]) + "..."
    yield GivenSource("", shown, error=SourceAccessError(shown, f"the name is longer than {LONGEST_NAME} bytes"))
