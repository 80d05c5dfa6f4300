"""The torchcodec decoder: on an NVIDIA GPU a video is decoded by its own hardware, and frames stay there as tensors.

torchcodec uses the FFmpeg that is installed on the system. It sorts frames as the frame index does, and every frame is
held against the time that the index has for it, so that it is the same frame as any other decoder's.
"""

from __future__ import annotations

import importlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, ClassVar, Protocol

from genconvit.core.device import AnyDevice
from genconvit.core.errors import ConfigError, SourceError
from genconvit.core.text import first_line
from genconvit.core.types import AnyImage, Frame
from genconvit.video.base import FrameStream, VideoDecoder
from genconvit.video.index import FrameIndex, index_frames
from genconvit.video.indexed import IndexedStream, misplaced
from genconvit.video.names import source_name

if TYPE_CHECKING:
    import torch

_INSTALL = "install the extra: pip install 'genconvit[gpu]'; or choose 'pyav'"
_NO_FFMPEG = "install FFmpeg's shared libraries (Debian's package ffmpeg); or choose 'pyav'"
_FAILURES = (RuntimeError, ValueError, IndexError, AssertionError, OSError)


class TorchcodecDecoder(VideoDecoder):
    """Decodes with torchcodec: on a CUDA device where the networks run on one, else on the CPU."""

    name: ClassVar[str] = "torchcodec"
    _device = "cpu"

    @classmethod
    def for_device(cls, device: AnyDevice) -> TorchcodecDecoder:
        """A decoder whose frames are on the networks' device, where that is a CUDA device; else arrays."""
        decoder = cls()
        if device.type == "cuda":
            decoder._device = str(device)
        return decoder

    def open(self, path: Path) -> FrameStream:
        """Open a video with torchcodec after comparing it with the frame index.

        Raises:
            ConfigError: torchcodec or FFmpeg's libraries are not installed, or torch has no such device.
            SourceError: the file is unreadable, or its frames cannot be told apart by their times.
        """
        library = _import_torchcodec()
        index = index_frames(path)
        if not index.is_steady:
            raise SourceError(source_name(path), misplaced("torchcodec", index))
        if not index.keys_are_shown:
            raise SourceError(source_name(path), "torchcodec would take frames for key frames that may be none")
        if not index.size_is_sure:
            raise SourceError(source_name(path), "torchcodec would decode frames of an unknown size")
        return TorchcodecStream(library, path, index, self._device)


class _Frame(Protocol):
    """A frame of torchcodec's."""

    pts_seconds: float
    data: torch.Tensor


class _Video(Protocol):
    """A video that torchcodec has opened."""

    cpu_fallback: object

    def __len__(self) -> int: ...

    def get_frame_at(self, index: int) -> _Frame: ...


class TorchcodecStream(IndexedStream):
    """A video read with torchcodec, by one thread at a time.

    Args:
        library: the module ``torchcodec.decoders``.
        path: the video.
        index: index of its frames.
        device: device on which frames are decoded, as torch names it.

    Raises:
        ConfigError: torchcodec finds no FFmpeg.
        SourceError: torchcodec cannot open the file, or counts other frames than the index.
    """

    decoder = "torchcodec"

    def __init__(self, library: ModuleType, path: Path, index: FrameIndex, device: str) -> None:
        super().__init__(path, index)
        self._video: _Video | None = _opened(library, path, index, device)
        if len(self._video) != index.frame_count:
            raise SourceError(
                source_name(path),
                f"torchcodec counts {len(self._video)} frames where the file shows {index.frame_count}",
            )
        self._on_host = device == "cpu"
        self._left = self.orientation.behind_turn

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes of the index, and that the GPU's hardware cannot decode this video, where that is so."""
        if self._on_host or self._video is None or not self._video.cpu_fallback:
            return super().notes
        return (*super().notes, "torchcodec decoded it on the cpu: the GPU's video hardware cannot")

    def read(self, indices: Sequence[int]) -> Iterator[Frame]:
        """Yield the frames at these indices; those that cannot be decoded are left out.

        Raises:
            SourceError: torchcodec gives another frame than the index has in that place, or the GPU's memory is full.
        """
        for position in indices:
            image = self._image(position)
            if image is not None:
                yield Frame(position, self._index.seconds(position), image)

    def close(self) -> None:
        """Release torchcodec's decoder."""
        self._video = None

    def _image(self, position: int) -> AnyImage | None:
        frame = self._frame(position) or self._frame_from_before(position)
        if frame is None:
            return None
        difference = abs(Fraction(frame.pts_seconds) - self._index.pts[position] * self._index.time_base)
        if difference > self._index.time_base / 2:
            raise SourceError(
                source_name(self._path),
                f"torchcodec gives a frame at {frame.pts_seconds:.3f} s for frame {position}, which is another one",
            )
        return self._left.apply(frame.data.numpy() if self._on_host else frame.data)

    def _frame(self, position: int) -> _Frame | None:
        if self._video is None:
            raise SourceError(source_name(self._path), "it has been closed; open it again")
        try:
            return self._video.get_frame_at(position)
        except _FAILURES as error:
            if "out of memory" in str(error):
                raise SourceError(source_name(self._path), "there is no memory for its frames on the GPU") from error
            return None

    def _frame_from_before(self, position: int) -> _Frame | None:
        """The frame by way of the first one and of the one before its key frame.

        torchcodec misses the last frames of a file from a key frame that frames before it need too, and does not seek
        again after that until an earlier frame is asked for.
        """
        slot = bisect_right(self._index.keys, position) - 1
        if slot < 1 or not (self._frame(0) and self._frame(self._index.keys[slot] - 1)):
            return None
        return self._frame(position)


def _opened(library: ModuleType, path: Path, index: FrameIndex, device: str) -> _Video:
    try:
        video: _Video = library.VideoDecoder(
            str(path.absolute()),
            stream_index=index.stream,
            dimension_order="NHWC",
            num_ffmpeg_threads=0 if device == "cpu" else 1,
            device=device,
            seek_mode="exact",
        )
    except _FAILURES as error:
        if "Could not load libtorchcodec" in str(error):
            raise ConfigError(
                f"the video decoder 'torchcodec' finds no FFmpeg that it can load; {_NO_FFMPEG}"
            ) from error
        raise SourceError(source_name(path), f"torchcodec cannot open it ({first_line(error)})") from error
    return video


def _import_torchcodec() -> ModuleType:
    try:
        return importlib.import_module("torchcodec.decoders")
    except Exception as error:
        next_step = _NO_FFMPEG if "libtorchcodec" in str(error) else _INSTALL
        raise ConfigError(
            f"the video decoder is 'torchcodec', which cannot be imported ({type(error).__name__}: "
            f"{first_line(error)}); {next_step}"
        ) from error
