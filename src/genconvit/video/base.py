"""The contract of a video decoder: open a file, say how many frames it has, yield the frames asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

from genconvit.core.closeable import Closeable
from genconvit.core.device import AnyDevice
from genconvit.core.types import Frame


class FrameStream(Closeable):
    """An opened source of frames; a context manager that releases what it holds.

    Attributes:
        decoder: name of what reads it, for the result's provenance: ``"decord"``, ``"pyav"``, ``"image"``, ...
    """

    decoder: str

    @property
    @abstractmethod
    def frame_count(self) -> int:
        """Number of frames of the source, at least 1."""

    @property
    def announced_count(self) -> int | None:
        """Number of frames that the file announces, where that is more than it holds; None where nothing is missing."""
        return None

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes of a result about the way that frames are read, one clause each."""
        return ()

    @property
    def pixel_aspect(self) -> Fraction:
        """A pixel's width over its height in the frames that are read; 1 where pixels are square, or nearly so."""
        return Fraction(1)

    @property
    def keyframes(self) -> Sequence[int] | None:
        """The indices of the frames that decode on their own, increasing; None where that is not known."""
        return None

    def seconds(self, index: int) -> float | None:
        """Give the time of a frame, in seconds from the start, without decoding it; None where that is not known."""
        del index
        return None

    @property
    def duration_seconds(self) -> float | None:
        """Duration in seconds, in which the last frame lasts as long as the others on average; None where unknown."""
        count = self.frame_count
        first, last = self.seconds(0), self.seconds(count - 1)
        if count < 2 or first is None or last is None or last < first:
            return None
        return (last - first) * count / (count - 1)

    @abstractmethod
    def read(self, indices: Sequence[int]) -> Iterator[Frame]:
        """Yield the frames at these indices, in their order, one in memory at a time.

        A frame that cannot be decoded is left out where the decoder can go on without it.

        Args:
            indices: strictly increasing, each in ``[0, frame_count)``.

        Raises:
            SourceError: decoding fails and cannot go on.
        """

    def close(self) -> None:
        """Release files and buffers; more than once is fine."""


class VideoDecoder(ABC):
    """Opens video files. One instance serves many files and threads, so it holds no state of a file."""

    name: ClassVar[str]

    @classmethod
    def for_device(cls, device: AnyDevice) -> VideoDecoder:
        """A decoder for a detector whose networks run on a device; the same one for each, unless it decodes there."""
        del device
        return cls()

    @abstractmethod
    def open(self, path: Path) -> FrameStream:
        """Open a video file.

        Args:
            path: an existing, non-empty regular file.

        Raises:
            SourceError: the file holds no video stream, no frame, or cannot be opened; names the path and why.
        """
