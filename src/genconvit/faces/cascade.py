"""MTCNN's cascade without PyTorch: three networks in ONNX Runtime, and NumPy between them.

The networks are facenet-pytorch's (MIT, see ``mtcnn_networks/LICENSE``); ``recipes/mtcnn/export.py`` writes them. What
they are given, and what is made of their answers, is as there: its boxes differ by the last bits of the convolutions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genconvit.core.errors import ConfigError
from genconvit.core.onnx_options import session_options
from genconvit.core.types import FloatArray
from genconvit.faces.area import Areas
from genconvit.faces.overlap import Rows, surest

_FOLDER = Path(__file__).with_name("mtcnn_networks")

_FIRST_SIDE, _STEP = 12, 2
"""Side of the first network's view in pixels, and the step from one view to the next."""

_SHRINK = 0.709
"""Size of each level of the pyramid, in sizes of the one before it."""

_LEAST = (0.6, 0.7, 0.7)
"""Least probability of a face in each network."""

_SIDES = (24, 48)
"""Sides of the images that the second and the third network see, in pixels."""

_AT_ONCE = 512
"""Most images that go through the second and the third network together."""

Run = Callable[[FloatArray], list[FloatArray]]


@dataclass(frozen=True, eq=False)
class _Boxes:
    """Boxes on their way through the cascade.

    Attributes:
        images: number of the image that each box is of, [k].
        corners: left, top, right, bottom in pixels, float32 [k, 4].
        scores: probabilities of a face, float32 [k].
    """

    images: Rows
    corners: FloatArray
    scores: FloatArray

    def __getitem__(self, rows: Rows | npt.NDArray[np.bool_]) -> _Boxes:
        return _Boxes(self.images[rows], self.corners[rows], self.scores[rows])


class Cascade:
    """Finds faces in images of one size. Used from one thread at a time.

    Args:
        smallest: least side of a face in pixels.

    Raises:
        ConfigError: ONNX Runtime cannot be imported.
    """

    def __init__(self, smallest: int) -> None:
        self._scale = _FIRST_SIDE / smallest
        self._first, self._second, self._third = (_network(name) for name in ("pnet", "rnet", "onet"))

    def __call__(self, images: npt.NDArray[np.uint8]) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
        """Find the faces of each image.

        Args:
            images: RGB uint8 [n, height, width, 3].

        Returns:
            For each image boxes float32 [k, 4], probabilities [k] and landmarks [k, 5, 2], in its pixels.
        """
        areas = Areas(images)
        _, height, width, _ = images.shape
        size = (width, height)
        boxes = self._refined(areas, self._proposed(areas, size), size)
        boxes, landmarks = self._placed(areas, boxes, size)
        rows = [boxes.images == number for number in range(len(images))]
        return [(boxes.corners[each], boxes.scores[each], landmarks[each]) for each in rows]

    def _proposed(self, areas: Areas, size: tuple[int, int]) -> _Boxes:
        """The first network's boxes, from every level of the pyramid."""
        found = [(_none(), np.empty((0, 4), np.float32))]
        found += [self._level(areas, size, scale) for scale in _scales(min(size), self._scale)]
        boxes = _joined([each for each, _ in found])
        offsets = np.concatenate([each for _, each in found])
        rows = surest(boxes.corners, boxes.scores, boxes.images, 0.7)
        return _squared(_moved(boxes[rows], offsets[rows], last_pixel=0))

    def _level(self, areas: Areas, size: tuple[int, int], scale: float) -> tuple[_Boxes, FloatArray]:
        """Boxes of one level of the pyramid, and their offsets."""
        width, height = size
        faces, offsets = self._first(areas.whole(int(height * scale + 1), int(width * scale + 1)))
        images, down, across = np.nonzero(faces >= _LEAST[0])
        places = np.stack([across, down], axis=1).astype(np.float32) * _STEP
        corners = np.floor(np.concatenate([places + 1, places + _FIRST_SIDE], axis=1) / np.float32(scale))
        boxes = _Boxes(images, corners, faces[images, down, across])
        rows = surest(boxes.corners, boxes.scores, boxes.images, 0.5)
        return boxes[rows], offsets[images, :, down, across][rows]

    def _refined(self, areas: Areas, boxes: _Boxes, size: tuple[int, int]) -> _Boxes:
        """Boxes that the second network takes for faces, where it has them."""
        boxes, (faces, offsets) = _seen(self._second, areas, boxes, size, _SIDES[0], (1, 4))
        sure = faces > _LEAST[1]
        boxes, offsets = _Boxes(boxes.images, boxes.corners, faces)[sure], offsets[sure]
        rows = surest(boxes.corners, boxes.scores, boxes.images, 0.7)
        return _squared(_moved(boxes[rows], offsets[rows]))

    def _placed(self, areas: Areas, boxes: _Boxes, size: tuple[int, int]) -> tuple[_Boxes, FloatArray]:
        """Boxes that the third network takes for faces, where it has them, and their landmarks [k, 5, 2]."""
        boxes, (faces, offsets, points) = _seen(self._third, areas, boxes, size, _SIDES[1], (1, 4, 10))
        sure = faces > _LEAST[2]
        boxes = _Boxes(boxes.images, boxes.corners, faces)[sure]
        sides = boxes.corners[:, None, 2:] - boxes.corners[:, None, :2] + 1
        landmarks = sides * points[sure].reshape(-1, 2, 5).swapaxes(1, 2) + boxes.corners[:, None, :2] - 1
        boxes = _moved(boxes, offsets[sure])
        rows = surest(boxes.corners, boxes.scores, boxes.images, 0.7, of_smaller=True, last_pixel=1)
        return boxes[rows], landmarks[rows]


def _network(name: str) -> Run:
    try:
        options = session_options()
        import onnxruntime
    except ImportError as error:
        raise ConfigError(f"ONNX Runtime cannot be imported ({error}); pip install onnxruntime") from error
    options.enable_mem_pattern = False  # the levels of the pyramid have each a size of their own
    path = str(_FOLDER / f"{name}.onnx")
    session: Any = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda pixels: session.run(None, {"pixels": pixels})


def _scales(shorter: int, scale: float) -> Iterator[float]:
    """Scales of the levels, as long as a view fits into them."""
    length = shorter * scale
    while length >= _FIRST_SIDE:
        yield scale
        scale *= _SHRINK
        length *= _SHRINK


def _seen(
    network: Run, areas: Areas, boxes: _Boxes, size: tuple[int, int], side: int, widths: tuple[int, ...]
) -> tuple[_Boxes, list[FloatArray]]:
    """Boxes that have a pixel of their image, and a network's answers for what they show of it.

    Args:
        network: the second or the third network.
        areas: sums over the images.
        boxes: boxes to look at.
        size: width and height of the images in pixels.
        side: side of the images that the network sees.
        widths: number of values of each of the network's outputs.
    """
    whole = np.trunc(boxes.corners).astype(np.int64)
    whole[:, :2] = np.maximum(whole[:, :2], 1) - 1
    whole[:, 2:] = np.minimum(whole[:, 2:], size)
    shown = np.all(whole[:, 2:] > whole[:, :2], axis=1).nonzero()[0]
    boxes, whole = boxes[shown], whole[shown]
    starts = range(0, len(whole), _AT_ONCE)
    parts = [slice(start, start + _AT_ONCE) for start in starts]
    answers = [network(areas.squares(boxes.images[part], whole[part], side)) for part in parts]
    nothing = [np.empty((0, width) if width > 1 else 0, np.float32) for width in widths]
    return boxes, [np.concatenate(each) for each in zip(nothing, *answers, strict=True)]


def _moved(boxes: _Boxes, offsets: FloatArray, last_pixel: int = 1) -> _Boxes:
    """Boxes whose corners are moved by offsets in their widths and heights."""
    sides = boxes.corners[:, 2:] - boxes.corners[:, :2] + np.float32(last_pixel)
    return _Boxes(boxes.images, boxes.corners + offsets * np.tile(sides, 2), boxes.scores)


def _squared(boxes: _Boxes) -> _Boxes:
    """Boxes made squares around their centres, with their longer sides."""
    sides = boxes.corners[:, 2:] - boxes.corners[:, :2]
    longest = sides.max(axis=1, keepdims=True)
    first = boxes.corners[:, :2] + sides * np.float32(0.5) - longest * np.float32(0.5)
    return _Boxes(boxes.images, np.concatenate([first, first + longest], axis=1), boxes.scores)


def _none() -> _Boxes:
    return _Boxes(np.empty(0, np.intp), np.empty((0, 4), np.float32), np.empty(0, np.float32))


def _joined(parts: list[_Boxes]) -> _Boxes:
    return _Boxes(
        np.concatenate([each.images for each in parts]),
        np.concatenate([each.corners for each in parts]),
        np.concatenate([each.scores for each in parts]),
    )
