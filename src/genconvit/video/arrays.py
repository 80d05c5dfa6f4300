"""Frames that the caller has already decoded: a numpy array or a torch tensor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from genconvit.core.errors import UnsupportedSourceError
from genconvit.core.types import Frame, ImageArray
from genconvit.video.base import FrameStream
from genconvit.video.names import source_name

if TYPE_CHECKING:
    import torch

_ALLOWED = "frames are uint8 [T, H, W, 3] or [T, 3, H, W], one frame uint8 [H, W, 3] or [3, H, W]"


class ArrayStream(FrameStream):
    """A stream over frames in memory; a tensor on a GPU is moved frame by frame.

    Where both layouts fit a shape, the last axis holds the channels.

    Args:
        array: RGB, uint8 [T, H, W, 3] or [T, 3, H, W], or a single frame [H, W, 3] or [3, H, W].

    Raises:
        SourceError: the element type or the shape is another, or an axis is empty.
    """

    decoder = "array"

    def __init__(self, array: npt.NDArray[Any] | torch.Tensor) -> None:
        name = source_name(array)
        if str(array.dtype).removeprefix("torch.") != "uint8":
            raise UnsupportedSourceError(name, f"{_ALLOWED}; convert the values to 0..255 uint8 first")
        if array.ndim not in (3, 4) or 3 not in (array.shape[-1], array.shape[-3]):
            raise UnsupportedSourceError(name, f"{_ALLOWED}; this shape is neither")
        if 0 in array.shape:
            raise UnsupportedSourceError(name, f"{_ALLOWED}; this one is empty")
        self._frames = array if array.ndim == 4 else array[None]
        self._channels_last = array.shape[-1] == 3

    @property
    def frame_count(self) -> int:
        """The length of the first axis; 1 for a single frame."""
        return int(self._frames.shape[0])

    @property
    def keyframes(self) -> Sequence[int]:
        """Every frame."""
        return range(self.frame_count)

    def read(self, indices: Sequence[int]) -> Iterator[Frame]:
        """Yield the frames at these indices; their times are None."""
        for index in indices:
            yield Frame(index, None, self._image(index))

    def _image(self, index: int) -> ImageArray:
        frame = self._frames[index]
        image = np.asarray(frame) if isinstance(frame, np.ndarray) else frame.detach().cpu().numpy()
        return np.ascontiguousarray(image if self._channels_last else image.transpose(1, 2, 0))
