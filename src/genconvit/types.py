"""What travels between the stages: a frame, a detected face, a face crop, and the scores of faces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor

ImageArray = npt.NDArray[np.uint8]
"""An RGB image: uint8 [height, width, 3]."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of the frame; right and bottom are exclusive."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One decoded frame.

    Attributes:
        index: its position in the video, counted from 0 in presentation order.
        pts_seconds: its presentation time in seconds; None where the source has no clock (images, arrays).
        image: RGB, uint8 [height, width, 3], upright (rotation metadata is already applied).
    """

    index: int
    pts_seconds: float | None
    image: ImageArray

    def __post_init__(self) -> None:
        if self.image.dtype != np.uint8 or self.image.ndim != 3 or self.image.shape[2] != 3:
            raise ValueError(
                f"a frame's image is uint8 [height, width, 3]; got {self.image.dtype} {list(self.image.shape)}"
            )
        if 0 in self.image.shape:
            raise ValueError(f"a frame's image has at least one pixel; got {list(self.image.shape)}")


@dataclass(frozen=True, eq=False)
class DetectedFace:
    """One face that a detector found.

    Attributes:
        box: left, top, right, bottom in pixels of the frame; may reach over the frame's edge.
        confidence: the detector's own score in [0, 1].
        landmarks: float32 [5, 2], x and y in pixels of the eyes, the nose and the mouth's corners (the image's
            left one first in each pair), or None where the detector has none.
    """

    box: Box
    confidence: float
    landmarks: npt.NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        left, top, right, bottom = self.box
        if not (np.isfinite(self.box).all() and left < right and top < bottom):
            raise ValueError(f"a face's box is finite with left < right and top < bottom; got {self.box}")
        if not 0.0 <= self.confidence <= 1.0:
            raise ValueError(f"a face's confidence lies in [0, 1]; got {self.confidence}")


@dataclass(frozen=True, eq=False)
class FaceCrop:
    """One face cut out of a frame, ready for a network.

    Attributes:
        frame_index: the frame it was cut from.
        pts_seconds: that frame's presentation time in seconds, or None.
        face: what the detector said.
        square: the square that was cut, as left, top, right, bottom in pixels of the frame.
        image: RGB, uint8 [size, size, 3].
    """

    frame_index: int
    pts_seconds: float | None
    face: DetectedFace
    square: Box
    image: ImageArray


@dataclass(frozen=True, eq=False)
class FaceScores:
    """The networks' answer for N faces, on the CPU.

    Attributes:
        logits: for each branch (``"ed"``, ``"vae"``) a float32 tensor [N, 2]; index 0 is fake, 1 is real.
        fake_probability: float32 [N], each face's mean over branches of (p_fake + 1 - p_real) / 2, where p is the
            sigmoid of the logits.
    """

    logits: Mapping[str, Tensor]
    fake_probability: Tensor

    def __post_init__(self) -> None:
        count = len(self.fake_probability)
        for branch, logits in self.logits.items():
            if str(logits.dtype) != "torch.float32" or tuple(logits.shape) != (count, 2):
                raise ValueError(
                    f"the logits of branch {branch!r} are float32 [{count}, 2]; got {logits.dtype} {list(logits.shape)}"
                )

    def __len__(self) -> int:
        return len(self.fake_probability)
