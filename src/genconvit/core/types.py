"""Types that travel between the stages: a frame, a detected face, a face crop, and the scores of faces."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor

FloatArray = npt.NDArray[np.float32]

ImageArray = npt.NDArray[np.uint8]
"""An RGB image: uint8 [height, width, 3]."""

AnyImage: TypeAlias = "ImageArray | Tensor"
"""An RGB image, uint8 [height, width, 3]: an array, or a torch tensor on a device, where it then stays."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of the frame; right and bottom are exclusive."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One decoded frame.

    Attributes:
        index: position in the video, counted from 0 in presentation order.
        pts_seconds: presentation time in seconds; None where the source has no clock (images, arrays).
        image: RGB, uint8 [height, width, 3], upright (turned and mirrored as its file says). A decoder on a device
            gives a tensor there.
    """

    index: int
    pts_seconds: float | None
    image: AnyImage

    def __post_init__(self) -> None:
        _check_image("a frame's image", self.image)


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
        frame_index: index of the frame that it was cut from.
        pts_seconds: presentation time of that frame in seconds, or None.
        face: face as the detector found it.
        square: the square that was cut, as left, top, right, bottom in pixels of the frame; before it was turned.
        image: RGB, uint8 [size, size, 3]; a tensor on the frame's device where the frame was one.
        angle: radians by which the square was turned about its centre, clockwise as seen.
    """

    frame_index: int
    pts_seconds: float | None
    face: DetectedFace
    square: Box
    image: AnyImage
    angle: float = 0.0


@dataclass(frozen=True, eq=False)
class FaceScores:
    """The networks' answer for N faces, or N clips, as NumPy arrays whatever the networks ran on.

    Attributes:
        logits: for each branch (``"ed"``, ``"vae"``) a float32 array [N, 2]; index 0 is fake, 1 is real.
        fake_probability: float32 [N], each face's mean over branches of (p_fake + 1 - p_real) / 2, where p is the
            sigmoid of the logits.
    """

    logits: Mapping[str, npt.NDArray[np.float32]]
    fake_probability: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        count = len(self.fake_probability)
        for branch, logits in self.logits.items():
            _check_floats(f"the logits of branch {branch!r}", logits, (count, 2))
        _check_floats("the fake probabilities", self.fake_probability, (count,))

    def __len__(self) -> int:
        return len(self.fake_probability)


def is_array(value: object) -> TypeGuard[npt.NDArray[Any] | Tensor]:
    """Tell whether a value is a numpy array or a torch tensor; torch need not be loaded to tell."""
    return isinstance(value, (np.ndarray, getattr(sys.modules.get("torch"), "Tensor", ())))


def on_host(image: AnyImage) -> ImageArray:
    """An image as an array in the host's memory; the array itself where it is one."""
    return image if isinstance(image, np.ndarray) else image.cpu().numpy()


def _check_floats(what: str, values: object, shape: tuple[int, ...]) -> None:
    if not (isinstance(values, np.ndarray) and values.dtype == np.float32 and values.shape == shape):
        got = f"{values.dtype} {list(values.shape)}" if isinstance(values, np.ndarray) else type(values).__name__
        raise ValueError(f"{what} are an array of float32 {list(shape)}; got {got}")


def _check_image(what: str, image: AnyImage) -> None:
    kind, shape = str(image.dtype).removeprefix("torch."), list(image.shape)
    if kind != "uint8" or len(shape) != 3 or shape[2] != 3:
        raise ValueError(f"{what} is uint8 [height, width, 3]; got {kind} {shape}")
    if 0 in shape:
        raise ValueError(f"{what} has at least one pixel; got {shape}")
