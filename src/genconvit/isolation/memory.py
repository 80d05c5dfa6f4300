"""Memory that two processes share for frames. It has no name, so nothing of it can be left behind.

A memory file (or, where there is none, a deleted temporary file) has room for the largest picture in each slot. Only
pages that were written take memory.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from contextlib import suppress

import numpy as np

from genconvit.core.types import ImageArray
from genconvit.video.readers import FRAMES_AHEAD
from genconvit.video.size_limits import MAX_FRAME_PIXELS, MAX_IMAGE_PIXELS

SLOT_PIXELS = max(MAX_FRAME_PIXELS, MAX_IMAGE_PIXELS)
"""The most pixels of a frame that fits into a slot."""

_SLOT_BYTES = -(-SLOT_PIXELS * 3 // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
_TOTAL_BYTES = _SLOT_BYTES * FRAMES_AHEAD
_KEPT_BYTES = 1 << 25


def create_memory() -> int:
    """A descriptor of fresh memory, for the caller to close.

    On Linux the memory can neither shrink nor grow from then on, whoever asks, so that a view of it never faults.
    """
    if not hasattr(os, "memfd_create"):
        with tempfile.TemporaryFile(buffering=0) as file:
            descriptor = os.dup(file.fileno())
        os.ftruncate(descriptor, _TOTAL_BYTES)
        return descriptor
    import fcntl

    descriptor = os.memfd_create("genconvit-frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, _TOTAL_BYTES)
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    return descriptor


class SharedFrames:
    """``FRAMES_AHEAD`` slots for one frame each.

    Args:
        descriptor: descriptor of ``create_memory``; the caller closes it, and may do so at once.
        writable: true for the process that decodes; the other one only looks.
    """

    def __init__(self, descriptor: int, *, writable: bool = False) -> None:
        access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
        self._memory = mmap.mmap(descriptor, _TOTAL_BYTES, access=access)

    def view(self, slot: int, height: int, width: int) -> ImageArray:
        """The image in a slot, uint8 [height, width, 3], without a copy; the memory stays for as long as the view.

        Raises:
            ValueError: there is no such slot, or the image does not fit into it.
        """
        if not (0 <= slot < FRAMES_AHEAD and height > 0 and width > 0 and height * width <= SLOT_PIXELS):
            raise ValueError(
                f"slot {slot} with an image of {width} x {height} pixels; slots are 0 to {FRAMES_AHEAD - 1}, each "
                f"with room for {SLOT_PIXELS} pixels"
            )
        flat = np.frombuffer(self._memory, np.uint8, height * width * 3, offset=slot * _SLOT_BYTES)
        return flat.reshape(height, width, 3)

    def close(self) -> None:
        """Release the memory, unless a view is still in use: then it goes with the last one."""
        with suppress(BufferError):
            self._memory.close()

    def trim(self) -> None:
        """Give back the memory of large frames; what common ones need is kept."""
        if hasattr(mmap, "MADV_REMOVE"):
            for slot in range(FRAMES_AHEAD):
                self._memory.madvise(mmap.MADV_REMOVE, slot * _SLOT_BYTES + _KEPT_BYTES, _SLOT_BYTES - _KEPT_BYTES)
