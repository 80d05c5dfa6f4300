"""SCRFD by way of insightface, with a model file that the user has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from genconvit.core.cut import SquareRule
from genconvit.core.device import AnyDevice
from genconvit.core.errors import ConfigError
from genconvit.core.types import AnyImage, DetectedFace, ImageArray, on_host
from genconvit.faces.base import FaceDetector
from genconvit.faces.found import faces_from_arrays
from genconvit.faces.models_on_disk import no_model_message
from genconvit.faces.onnx_session import Session, Size, open_detection_session
from genconvit.faces.reduce import reduced, reduced_size

_BORDER_GREY = 127

_LEAST_PX = 8
"""A reduced image with a side below SCRFD's finest stride has no face."""


class _Scrfd(Protocol):
    """insightface's SCRFD: for an image the boxes with their scores [N, 5], and the landmarks [N, 5, 2]."""

    def prepare(self, ctx_id: int, *, input_size: Size, det_thresh: float) -> None: ...

    def detect(self, img: ImageArray, input_size: Size) -> tuple[npt.NDArray[Any], npt.NDArray[Any] | None]: ...


class InsightFaceDetector(FaceDetector):
    """SCRFD, decoded by insightface.

    Paper: Guo et al., "Sample and Computation Redistribution for Efficient Face Detection", ICLR 2022.

    An image is reduced to 320 x 320, and to 640 x 640 where nothing is found in that; a model that was exported for
    one size gets that one alone. Where nothing is found still, it is searched in the first size inside a grey border
    of half of it on each side, because SCRFD misses a face that fills or overfills the image, as in a frame that was
    cropped to a face (a border of a quarter is too little for an upright one).

    insightface's SCRFD class gets a session of our own, because its loader prints, downloads, and falls back
    to the CPU with no more than a warning.

    Attributes:
        confidence: the least confidence of a face.
        model: the model's file.
        input_sizes: width and height in pixels that the model is fed, from small to large.
    """

    name = "insightface"
    square_rule = SquareRule(side=0.765, shift_down=0.0725)
    needs_model = True
    runtime = "onnxruntime"
    licence = (
        "insightface's code is MIT; its pretrained models are for non-commercial research only; "
        "a model of your own has its own terms"
    )
    confidence = 0.5

    def __init__(self, model: Path | None, device: AnyDevice) -> None:
        if model is None:
            raise ConfigError(no_model_message())
        self.model = model
        session, self.input_sizes = open_detection_session(model, device)
        self._network = _insightface_scrfd(session)
        self._network.prepare(0, input_size=self.input_sizes[-1], det_thresh=self.confidence)

    def detect(self, images: Sequence[AnyImage]) -> list[list[DetectedFace]]:
        """Find the faces of each image, array or tensor; see ``genconvit.faces.base.FaceDetector.detect``."""
        return [self._faces_of(image) for image in images]

    def search(self, images: Sequence[AnyImage]) -> list[list[DetectedFace]]:
        """Detect faces as ``detect`` does; an image on a device is reduced there, and only the rest leaves it."""
        return self.detect(images)

    def _faces_of(self, image: AnyImage) -> list[DetectedFace]:
        for size in self.input_sizes:
            if found := self._search(image, size):
                return found
        return self._search(image, self.input_sizes[0], bordered=True)

    def _search(self, image: AnyImage, size: Size, *, bordered: bool = False) -> list[DetectedFace]:
        """Faces of an image reduced to an input size, or inside a border of half of it on each side."""
        full_height, full_width = image.shape[:2]
        ratio = (
            min(size) / max(full_width, full_height) if bordered else min(size[0] / full_width, size[1] / full_height)
        )
        width, height = reduced_size(full_width, full_height, ratio)
        if min(width, height) < _LEAST_PX:
            return []
        pixels = on_host(reduced(image, width, height))[..., ::-1]
        beside, above = (width // 2, height // 2) if bordered else (0, 0)
        if bordered:
            pixels = np.pad(pixels, ((above, above), (beside, beside), (0, 0)), constant_values=_BORDER_GREY)
        boxes, landmarks = self._network.detect(np.ascontiguousarray(pixels), input_size=size)
        scale = (full_width / width, full_height / height)
        shift = (-beside * scale[0], -above * scale[1])
        return faces_from_arrays(boxes[:, :4], boxes[:, 4], landmarks, scale=scale, shift=shift)


def _insightface_scrfd(session: Session) -> _Scrfd:
    try:
        from insightface.model_zoo import SCRFD
    except ImportError as error:
        raise ConfigError(
            f"insightface cannot be imported ({error}); its OpenCV needs the system library libGL (Debian's "
            'package libgl1) where that is what is missing; or set face_detector="mtcnn"'
        ) from error
    network: _Scrfd = SCRFD(session=session)
    return network
