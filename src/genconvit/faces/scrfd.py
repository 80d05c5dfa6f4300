"""SCRFD by way of insightface, with a model file that the user has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from genconvit.errors import ConfigError
from genconvit.faces.base import FaceDetector, SquareRule
from genconvit.faces.found import faces_from_arrays
from genconvit.faces.models_on_disk import no_model_message
from genconvit.faces.onnx_session import open_detection_session
from genconvit.faces.reduce import reduced, reduced_size
from genconvit.types import DetectedFace, ImageArray

_BORDER_GREY = 127


class InsightFaceDetector(FaceDetector):
    """SCRFD, decoded by insightface.

    Paper: Guo et al., "Sample and Computation Redistribution for Efficient Face Detection", ICLR 2022.

    Images are reduced to 640 x 640, or to the size that the model was exported for. Where nothing is found,
    the image is searched again inside a grey border of half of it on each side, because SCRFD misses a face
    that fills or overfills the image, as in a frame that was cropped to a face (a border of a quarter is too
    little for an upright one).

    insightface's SCRFD class gets a session of our own, because its loader prints, downloads, and falls back
    to the CPU with no more than a warning.

    Attributes:
        confidence: the least confidence of a face.
        model: the model's file.
        input_size: width and height in pixels that the model is fed.
    """

    name = "insightface"
    square_rule = SquareRule(side=0.765, shift_down=0.0725)
    needs_model = True
    licence = (
        "insightface's code is MIT; its pretrained models are for non-commercial research only; "
        "a model of your own has its own terms"
    )
    confidence = 0.5

    def __init__(self, model: Path | None, device: torch.device) -> None:
        if model is None:
            raise ConfigError(no_model_message())
        self.model = model
        session, self.input_size = open_detection_session(model, device)
        self._network = _insightface_scrfd(session)
        self._network.prepare(0, input_size=self.input_size, det_thresh=self.confidence)

    def detect(self, images: Sequence[ImageArray]) -> list[list[DetectedFace]]:
        """Find the faces of each image; see ``genconvit.faces.base.FaceDetector.detect``."""
        return [self._detect_once(image) or self._detect_bordered(image) for image in images]

    def _detect_bordered(self, image: ImageArray) -> list[DetectedFace]:
        full_height, full_width = image.shape[:2]
        width, height = reduced_size(full_width, full_height, min(self.input_size) / max(image.shape[:2]))
        beside, above = width // 2, height // 2
        bordered = np.full((height + 2 * above, width + 2 * beside, 3), _BORDER_GREY, dtype=np.uint8)
        bordered[above : above + height, beside : beside + width] = reduced(image, width, height)
        return self._detect_once(bordered, (full_width / width, full_height / height), (beside, above))

    def _detect_once(
        self, image: ImageArray, scale: tuple[float, float] = (1.0, 1.0), border: tuple[int, int] = (0, 0)
    ) -> list[DetectedFace]:
        """Faces of an image that is a frame reduced by `scale` inside a border of so many pixels beside and above."""
        height, width = image.shape[:2]
        if min(height, width) * min(self.input_size) < max(height, width):
            return []  # Reduced to the input size, the shorter side would have no pixel.
        boxes, landmarks = self._network.detect(np.ascontiguousarray(image[..., ::-1]))
        shift = (-border[0] * scale[0], -border[1] * scale[1])
        return faces_from_arrays(boxes[:, :4], boxes[:, 4], landmarks, scale=scale, shift=shift)


def _insightface_scrfd(session: Any) -> Any:  # noqa: ANN401 - insightface and onnxruntime are untyped
    try:
        from insightface.model_zoo import SCRFD
    except ImportError as error:
        raise ConfigError(
            f"insightface cannot be imported ({error}); its OpenCV needs the system library libGL (Debian's "
            'package libgl1) where that is what is missing; or set face_detector="mtcnn"'
        ) from error
    return SCRFD(session=session)
