"""Decoders that misbehave, in a module that worker processes can import. They read any file but its content."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import numpy as np

from genconvit.core.errors import SourceError
from genconvit.core.types import Frame
from genconvit.video.base import FrameStream, VideoDecoder


class Stream(FrameStream):
    """A stream of so many frames of 64 x 48 pixels, each of its index's brightness; subclasses misbehave."""

    decoder = "hostile"
    count = 4

    @property
    def frame_count(self) -> int:
        return self.count

    def read(self, indices: Sequence[int]) -> Iterator[Frame]:
        for index in indices:
            yield self.frame(index)

    def frame(self, index: int) -> Frame:
        return Frame(index, index / 25, np.full((48, 64, 3), index, np.uint8))


class Sound(VideoDecoder):
    """Does nothing wrong."""

    name: ClassVar[str] = "hostile"

    def open(self, path: Path) -> FrameStream:
        del path
        return self.stream()

    def stream(self) -> FrameStream:
        return Stream()


class _WhenNamedSo(Sound):
    """Misbehaves on opening files whose name begins with ``bad``."""

    def open(self, path: Path) -> FrameStream:
        if path.name.startswith("bad"):
            self.misbehave()
        return self.stream()

    def misbehave(self) -> None:
        raise NotImplementedError


class Crashes(_WhenNamedSo):
    def misbehave(self) -> None:
        ctypes.string_at(0)


class Exits(_WhenNamedSo):
    def misbehave(self) -> None:
        os._exit(3)


class Sleeps(_WhenNamedSo):
    def misbehave(self) -> None:
        time.sleep(600)


class Spins(_WhenNamedSo):
    def misbehave(self) -> None:
        while True:
            pass


class HoldsTheInterpreter(_WhenNamedSo):
    """Hangs in C without letting another thread of Python run."""

    def misbehave(self) -> None:
        ctypes.PyDLL(None).sleep(600)


class RaisesMemoryError(_WhenNamedSo):
    def misbehave(self) -> None:
        raise MemoryError


class RunsOutOfMemoryInside(_WhenNamedSo):
    """A library's error without a type that tells."""

    def misbehave(self) -> None:
        raise SourceError("a", "the library cannot go on") from RuntimeError("std::bad_alloc")


class Allocates(_WhenNamedSo):
    def misbehave(self) -> None:
        held = []
        while True:
            held.append(np.ones(1 << 20))


class OfItsOwnKindError(SourceError):
    """A plugin's own kind of a source that cannot be read."""

    code = "encrypted"


class RaisesItsOwnKind(_WhenNamedSo):
    def misbehave(self) -> None:
        raise OfItsOwnKindError("it", "it is encrypted")


class RaisesKeyError(_WhenNamedSo):
    def misbehave(self) -> None:
        raise KeyError("moov\x1b[31m\ntrailing lines")


class RaisesSystemExit(_WhenNamedSo):
    def misbehave(self) -> None:
        sys.exit("enough")


class SendsGarbage(_WhenNamedSo):
    """Finds the connection to the process that reads, and writes to it."""

    def misbehave(self) -> None:
        for descriptor in range(3, 64):
            with suppress(OSError):
                if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                    os.write(descriptor, b"\xff" * 64)
        time.sleep(600)


class ClosesTheConnection(_WhenNamedSo):
    def misbehave(self) -> None:
        for descriptor in range(3, 64):
            with suppress(OSError):
                if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                    socket.socket(fileno=os.dup(descriptor)).shutdown(socket.SHUT_RDWR)
        time.sleep(600)


class Prints(Sound):
    def open(self, path: Path) -> FrameStream:
        del path
        sys.stdout.write("a note\n")
        sys.stderr.write("a warning\n")
        os.write(1, b"from a library\n")
        os.write(2, b"from a library\n")
        return Stream()


class _Sizes(Stream):
    def frame(self, index: int) -> Frame:
        height, width = [(48, 64), (2000, 3000), (1, 1), (5000, 5000)][index]
        return Frame(index, None, np.full((height, width, 3), 10 + index, np.uint8))


class ManySizes(Sound):
    def stream(self) -> FrameStream:
        return _Sizes()


class _TooLarge(Stream):
    def frame(self, index: int) -> Frame:
        return Frame(index, None, np.broadcast_to(np.zeros(3, np.uint8), (10_000, 9_000, 3)))


class Oversized(Sound):
    def stream(self) -> FrameStream:
        return _TooLarge()


class _Slow(Stream):
    count = 40

    def frame(self, index: int) -> Frame:
        time.sleep(0.05)
        return super().frame(index)


class Slow(Sound):
    """40 frames, each of which takes 0.05 s."""

    def stream(self) -> FrameStream:
        return _Slow()


def is_ahead(path: Path) -> bool:
    """Tell whether ``WaitsBehindTwoFrames`` has delivered the first two frames of a file."""
    return path.with_suffix(".ahead").exists()


def let_go_on(path: Path) -> None:
    """Let ``WaitsBehindTwoFrames`` go on with a file."""
    path.with_suffix(".on").touch()


class _WaitsBehindTwo(Stream):
    count = 40

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, indices: Sequence[int]) -> Iterator[Frame]:
        yield from super().read(indices[:2])
        self._path.with_suffix(".ahead").touch()
        while not self._path.with_suffix(".on").exists():
            time.sleep(0.01)
        yield from super().read(indices[2:])


class WaitsBehindTwoFrames(Sound):
    """40 frames; behind the first two that are read, the others wait for ``let_go_on``."""

    def open(self, path: Path) -> FrameStream:
        return _WaitsBehindTwo(path)


class _Stuck(Stream):
    count = 40

    def frame(self, index: int) -> Frame:
        if index == 2:
            time.sleep(600)
        return super().frame(index)


class Stuck(Sound):
    """Gives two frames of 40."""

    def stream(self) -> FrameStream:
        return _Stuck()


class _Backwards(Stream):
    def read(self, indices: Sequence[int]) -> Iterator[Frame]:
        return map(self.frame, reversed(indices))


class Backwards(Sound):
    def stream(self) -> FrameStream:
        return _Backwards()


class Tells(Sound):
    """Says in place of its name what the process it runs in is like."""

    def open(self, path: Path) -> FrameStream:
        stream = Stream()
        stream.decoder = json.dumps(
            {
                "pid": os.getpid(),
                "folder": os.getcwd(),  # noqa: PTH109
                "argv": sys.argv,
                "main": getattr(sys.modules["__main__"], "__file__", None),
                "heavy": sorted({"torch", "pydantic", "multiprocessing"} & sys.modules.keys()),
                "handles": len(os.listdir("/proc/self/fd")),  # noqa: PTH208
                "stdin": os.read(0, 1).decode(),
                "content": path.read_text(errors="replace")[:20],
            }
        )
        return stream
