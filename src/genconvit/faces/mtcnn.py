"""MTCNN: by way of facenet-pytorch, which carries its weights in its package, or with its networks in ONNX Runtime."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from genconvit.core.cut import SquareRule
from genconvit.core.device import AnyDevice
from genconvit.core.errors import ConfigError
from genconvit.core.types import AnyImage, DetectedFace, FloatArray, on_host
from genconvit.faces.base import FaceDetector
from genconvit.faces.batch import stacked
from genconvit.faces.found import faces_from_arrays
from genconvit.faces.models_on_disk import mtcnn_takes_no_model_message
from genconvit.faces.reduce import reduced, reduced_size

_FIRST_LINES = 480
"""Images are first searched with their shorter side reduced to this many pixels."""

_SECOND_LINES = 1440
"""Shorter side, in pixels at most, with which frames are searched again where nothing was found."""

_MOST_PX = 8_000_000
"""An image with more pixels is reduced further; at 1440 lines it is one more than 3.8 times as wide as high."""

_SMALLEST_FACE_PX = 24
"""The least side of a face in the reduced image."""

_BATCH_PX = 8_000_000
"""Images of one size are searched together up to this many pixels."""


_Faces = tuple[FloatArray, FloatArray, FloatArray]
"""An image's faces: boxes float32 [n, 4], probabilities [n], and landmarks [n, 5, 2], in its pixels."""

_Cascade = Callable[[AnyImage], list[_Faces]]
"""Finds the faces of each image of a batch uint8 [n, height, width, 3]."""


class MTCNNDetector(FaceDetector):
    """MTCNN, in facenet-pytorch's version, run by PyTorch.

    Paper: Zhang et al., "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks",
    IEEE Signal Processing Letters 23(10), 2016.

    Images are reduced to a shorter side of 480 pixels, in which it finds faces from 24 pixels. An image in
    which nothing is found is searched again at full resolution (a shorter side of at most 1440 pixels). In
    either search an image has at most 8 megapixels. An image with a side below 24 pixels has no face.

    Attributes:
        confidence: the least confidence of a face.
    """

    name = "mtcnn"
    runtime: ClassVar[str | None] = "torch"
    square_rule = SquareRule(side=0.777, shift_down=0.064)
    needs_model = False
    licence = "MIT (facenet-pytorch 2.5.3, weights inside its package)"
    confidence = 0.9

    def __init__(self, model: Path | None, device: AnyDevice) -> None:
        if model is not None:
            raise ConfigError(mtcnn_takes_no_model_message(model))
        self._cascade = self._opened(device)

    @classmethod
    def beside(cls, runtime: str, device: AnyDevice) -> type[FaceDetector]:
        """Give the class that does without PyTorch, where PyTorch does not run the networks and the device is a CPU."""
        return cls if runtime == "torch" or device.type != "cpu" else OnnxMTCNNDetector

    def detect(self, images: Sequence[AnyImage]) -> list[list[DetectedFace]]:
        """Find the faces of each image, array or tensor; see ``genconvit.faces.base.FaceDetector.detect``."""
        found = self._search(images, range(len(images)), _FIRST_LINES)
        again = [index for index, image in enumerate(images) if not found[index] and _is_finer_again(image)]
        found.update(self._search(images, again, _SECOND_LINES))
        return [found[index] for index in range(len(images))]

    def search(self, images: Sequence[AnyImage]) -> list[list[DetectedFace]]:
        """Detect faces as ``detect`` does; an image on a device stays there."""
        return self.detect(images)

    def _search(self, images: Sequence[AnyImage], indices: Iterable[int], lines: int) -> dict[int, list[DetectedFace]]:
        """Faces by the image's index, of the images at those indices."""
        found: dict[int, list[DetectedFace]] = {}
        by_shape = sorted(indices, key=lambda index: images[index].shape)
        for shape, group in itertools.groupby(by_shape, key=lambda index: images[index].shape):
            members = list(group)
            width, height = _searched_size(shape, lines)
            if min(width, height) < _SMALLEST_FACE_PX:
                found.update((index, []) for index in members)
                continue
            for batch in _batches(members, max(_BATCH_PX // (width * height), 1)):
                batched = stacked([reduced(images[index], width, height) for index in batch])
                scale = (shape[1] / width, shape[0] / height)
                found.update(zip(batch, self._run(batched, scale), strict=True))
        return found

    def _run(self, images: AnyImage, scale: tuple[float, float]) -> list[list[DetectedFace]]:
        """Faces of a uint8 batch [n, height, width, 3], in pixels of the images before reduction."""
        faces: list[list[DetectedFace]] = []
        for boxes, scores, landmarks in self._cascade(images):
            sure = scores >= self.confidence
            faces.append(faces_from_arrays(boxes[sure], scores[sure], landmarks[sure], scale=scale))
        return faces

    def _opened(self, device: AnyDevice) -> _Cascade:
        from genconvit.core.compiler_later import compiler_later

        try:
            with compiler_later():
                from facenet_pytorch import MTCNN
        except ImportError as error:
            raise ConfigError(
                f"facenet-pytorch cannot be imported ({error}); install facenet-pytorch==2.5.3"
            ) from error
        try:
            mtcnn = MTCNN(keep_all=True, min_face_size=_SMALLEST_FACE_PX, select_largest=False, device=device)
        except (AssertionError, RuntimeError) as error:
            raise ConfigError(
                f"the face detector 'mtcnn' cannot run on {str(device)!r} ({error}); use 'cpu'"
            ) from error

        def cascade(images: AnyImage) -> list[_Faces]:
            return [_arrays(*each) for each in zip(*mtcnn.detect(images, landmarks=True), strict=True)]

        return cascade


class OnnxMTCNNDetector(MTCNNDetector):
    """MTCNN with the same networks in ONNX Runtime, on a CPU: PyTorch is not imported.

    Its boxes are the other's to a hundredth of a pixel, see ``docs/runtimes.md``.
    """

    runtime = "onnxruntime"
    licence = "MIT (the networks of facenet-pytorch 2.5.3)"

    def _opened(self, device: AnyDevice) -> _Cascade:
        from genconvit.faces.cascade import Cascade

        if device.type != "cpu":
            raise ConfigError(f"mtcnn without PyTorch runs on the cpu, got {str(device)!r}; use 'cpu'")
        find = Cascade(_SMALLEST_FACE_PX)
        return lambda images: find(on_host(images))


def _arrays(boxes: object, scores: object, landmarks: object) -> _Faces:
    """Faces of an image as facenet-pytorch gives them: objects, or None where there are none."""
    if boxes is None:
        return np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty((0, 5, 2), np.float32)
    corners, confidences, points = (np.asarray(each, np.float32) for each in (boxes, scores, landmarks))
    return corners, confidences, points


def _searched_size(shape: tuple[int, ...], lines: int) -> tuple[int, int]:
    """Width and height in which an image of a shape is searched."""
    return reduced_size(shape[1], shape[0], lines / min(shape[:2]), most_pixels=_MOST_PX)


def _is_finer_again(image: AnyImage) -> bool:
    return _searched_size(image.shape, _SECOND_LINES) != _searched_size(image.shape, _FIRST_LINES)


def _batches(indices: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(indices), size):
        yield indices[start : start + size]
