"""The decord decoder: for sound files, and kept away from those it is known to read wrongly.

decord counts packets and trusts that each gives one frame. Where that count, or the key frames' places, differ from
the frame index, it would return another frame than asked for without a word; such files are refused here, or read
without seeking, so that every decoder gives the same frame for the same index.
"""

from __future__ import annotations

import importlib
import os
import re
import threading
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from genconvit.core.errors import ConfigError, SourceError
from genconvit.core.text import first_line
from genconvit.core.types import AnyImage, Frame, ImageArray
from genconvit.video.base import FrameStream, VideoDecoder
from genconvit.video.index import FrameIndex, index_frames
from genconvit.video.indexed import IndexedStream, misplaced
from genconvit.video.names import source_name

_STEP = 64
"""decord skips frames in a loop without an end where more than 128 are missing; no single skip is longer than this."""

_SEEK_GAIN = 16
"""A jump to a key frame has to save at least this many frames."""

_NO_SUBSTITUTES = 1e-9
"""The share of frames that decord may replace by an earlier one; it takes a plain 0 for "any number"."""

_RETRIES = {"DECORD_EOF_RETRY_MAX": "1024", "DECORD_REWIND_RETRY_MAX": "16"}
_LOADING = threading.Lock()
_PLACES = re.compile(r"(\[[\d:]+\] \S+:\d+: )+(Check failed: .*?\(-?\d+ vs\. -?\d+\) )?(\[.*?\] ?)?(ERROR )?")
_MISREAD_CONTAINERS = frozenset({"mpegts", "mpeg"})


class DecordDecoder(VideoDecoder):
    """Decodes with decord on the CPU. decord has wheels for x86-64 Linux and Windows."""

    name: ClassVar[str] = "decord"

    def open(self, path: Path) -> FrameStream:
        """Open a video with decord after comparing it with the frame index.

        Raises:
            ConfigError: decord is not installed, or breaks as it is imported.
            SourceError: the file is unreadable, or one of those that decord misreads.
        """
        decord = _import_decord()
        index = index_frames(path)
        if not index.is_steady or index.container in _MISREAD_CONTAINERS:
            raise SourceError(source_name(path), misplaced("decord", index))
        if not index.is_ffmpegs_choice:
            raise SourceError(source_name(path), "decord would read another video stream than the main one")
        if not index.size_is_sure:
            raise SourceError(source_name(path), "decord would decode frames of an unknown size")
        return DecordStream(decord, path, index)


class _Pixels(Protocol):
    """A frame of decord's."""

    def asnumpy(self) -> npt.NDArray[np.uint8]: ...


class _Reader(Protocol):
    """A video that decord has opened."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> _Pixels: ...

    def get_key_indices(self) -> list[int]: ...


class DecordStream(IndexedStream):
    """A video read with decord.

    Reading is for one thread at a time; a later ``read`` takes over from an earlier one.

    Args:
        library: the decord module.
        path: the video.
        index: index of its frames.

    Raises:
        SourceError: decord cannot open the file, or counts other frames than the index.
    """

    decoder = "decord"

    def __init__(self, library: ModuleType, path: Path, index: FrameIndex) -> None:
        self._library = library
        super().__init__(path, index)
        self._errors = (library.DECORDError, library.DECORDLimitReachedError, RuntimeError, AssertionError)
        self._reader: _Reader | None = self._fresh_reader()
        self._next = 0
        if len(self._reader) != index.frame_count:
            raise SourceError(
                source_name(path),
                f"decord counts {len(self._reader)} frames where the file shows {index.frame_count}",
            )
        self._keys = self._reader.get_key_indices()
        is_sure = index.keys_in_order and index.keys_are_shown
        self._seeks = is_sure and self._keys == list(index.keys) and self._keys[:1] == [0]
        self._left = self.orientation.behind_turn

    def read(self, indices: Sequence[int]) -> Iterator[Frame]:
        """Yield the frames at these indices.

        Raises:
            SourceError: a frame cannot be decoded; decord cannot go on reliably behind one.
        """
        for position in indices:
            image = self._image(position)
            yield Frame(position, self._index.seconds(position), image)

    def close(self) -> None:
        """Release decord's reader and its threads."""
        self._reader = None

    def _fresh_reader(self) -> _Reader:
        name = str(self._path.absolute())
        try:
            reader: _Reader = self._library.VideoReader(name, ctx=self._library.cpu(0), fault_tol=_NO_SUBSTITUTES)
        except (*self._errors, UnicodeEncodeError) as error:
            raise SourceError(source_name(self._path), _reason(error)) from error
        return reader

    def _image(self, target: int) -> AnyImage:
        """Decode the frame at a position, passing over the frames before it in steps that cannot hang.

        decord passes over frames within one key frame's interval only; at its end one frame is read in full.
        """
        if self._reader is None:
            raise SourceError(source_name(self._path), "it has been closed; open it again")
        position = self._start(target)
        while position <= target:
            slot = bisect_right(self._keys, position)
            interval_end = self._keys[slot] if slot < len(self._keys) else self.frame_count
            waypoint = min(target, position + _STEP, interval_end - 1)
            try:
                pixels = self._reader[waypoint]
            except (*self._errors, StopIteration) as error:
                self._restart()
                raise SourceError(source_name(self._path), _reason(error)) from error
            position = self._next = waypoint + 1
        return self._left.apply(_image_of(pixels.asnumpy()))

    def _start(self, target: int) -> int:
        """Choose where to go on from: the place reached, a key frame before the target, or the first frame.

        The last key frame is never jumped to: with nothing to decode behind it decord would look for a frame forever.
        """
        key = self._keys[max(0, min(bisect_right(self._keys, target) - 1, len(self._keys) - 2))] if self._seeks else 0
        if self._seeks and (target < self._next or key - self._next > _SEEK_GAIN):
            return key
        if target < self._next:
            self._restart()
        return self._next

    def _restart(self) -> None:
        self._reader = self._fresh_reader()
        self._next = 0


def _image_of(pixels: npt.NDArray[np.uint8]) -> ImageArray:
    """The pixels as [height, width, 3]; decord counts the padding of narrow frames' rows as further channels."""
    height, width, channels = pixels.shape
    if channels == 3:
        return pixels
    return np.ascontiguousarray(pixels.reshape(height, width * channels)[:, : width * 3]).reshape(height, width, 3)


def _reason(error: Exception) -> str:
    """The message in one line, without the places in its own source."""
    text = str(error)
    if "recovered from nearest frames" in text or "_RETRY_MAX" in text:
        return "decord found fewer frames than the file announces"
    if not _PLACES.match(text):
        return "decord cannot open it"
    said = _PLACES.sub("", text, count=1).strip() or text
    return f"decord cannot read it ({said.splitlines()[0][:160]})"


def _import_decord() -> ModuleType:
    with _LOADING:
        return _load_decord()


@cache
def _load_decord() -> ModuleType:
    """Import decord; a failure is not kept, so that the next call tries again."""
    try:
        with _environment_for_decord():
            decord = importlib.import_module("decord")
    except Exception as error:
        raise ConfigError(
            f"the video decoder is 'decord', which cannot be imported ({type(error).__name__}: {first_line(error)}); "
            "choose 'pyav', or install decord (it has wheels for x86-64 Linux and Windows)"
        ) from error
    decord.logging.set_level(decord.logging.QUIET)
    return decord


@contextmanager
def _environment_for_decord() -> Iterator[None]:
    """Bound decord's retries at the end of a file; it reads them from the environment as it loads."""
    unset = {name: value for name, value in _RETRIES.items() if name not in os.environ}
    os.environ.update(unset)
    try:
        yield
    finally:
        for name in unset:
            os.environ.pop(name, None)
