"""A file that whole lines are appended to."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from genconvit.core.closeable import Closeable


class LineFile(Closeable):
    """A file of lines, each in it whole or not at all, as far as this process decides over it.

    Args:
        path: path of the file; made where it is not there. Its folder must exist.

    Attributes:
        path: path of the file.
        size: size of the file in bytes.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        self._is_closed = False
        self.size = os.fstat(self._descriptor).st_size

    def append(self, line: bytes) -> None:
        """Write a line at the end, past any buffer of this process; ``sync`` brings it onto the disk.

        Args:
            line: a line with its line break.

        Raises:
            OSError: there is no room, or the disk fails; nothing of the line is left where that can still be undone.
        """
        before, rest = self.size, memoryview(line)
        try:
            os.lseek(self._descriptor, before, os.SEEK_SET)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except BaseException:
            with contextlib.suppress(OSError):
                self.truncate(before)
            raise
        self.size = before + len(line)

    def sync(self) -> None:
        """Wait until everything is on the disk.

        Raises:
            OSError: it cannot get there.
        """
        os.fsync(self._descriptor)

    def truncate(self, size: int) -> None:
        """Cut off what lies behind this many bytes."""
        os.ftruncate(self._descriptor, size)
        self.size = size

    def whole_lines(self) -> Iterator[bytes]:
        """Each line with its line break, from the first; what has no line break at the end is none."""
        with self.path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    return
                yield line

    @property
    def descriptor(self) -> int:
        """Descriptor of the open file."""
        return self._descriptor

    def close(self) -> None:
        """Close the file; more than once is fine."""
        if not self._is_closed:
            self._is_closed = True
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
