"""The contract of a face detector."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from genconvit.core.cut import SquareRule
from genconvit.core.device import AnyDevice
from genconvit.core.types import AnyImage, DetectedFace, ImageArray, on_host

__all__ = ["FaceDetector", "SquareRule"]


class FaceDetector(ABC):
    """Finds faces in images.

    A detector is built with a model file where it needs one and a device, and used from one thread at a time.

    Attributes:
        name: the name it is registered under.
        square_rule: mapping from a box to a square like dlib's, on which the published weights were trained; weights
            that were trained on other squares bring a rule of their own.
        needs_model: true where it cannot work without a model file.
        licence: the terms of the model it runs, one line.
        runtime: library that runs the model, for the result's provenance; None where it does not say.
    """

    name: ClassVar[str]
    square_rule: ClassVar[SquareRule]
    needs_model: ClassVar[bool]
    licence: ClassVar[str]
    runtime: ClassVar[str | None] = None

    @classmethod
    def beside(cls, runtime: str, device: AnyDevice) -> type[FaceDetector]:
        """Give the class that finds faces where the networks run in a runtime, on a device; the class itself for most.

        Args:
            runtime: ``"torch"``, ``"onnxruntime"`` or ``"openvino"``.
            device: device that the networks run on.
        """
        del runtime, device
        return cls

    @abstractmethod
    def __init__(self, model: Path | None, device: AnyDevice) -> None:
        """Load the detector.

        Args:
            model: the model's file, or None where ``needs_model`` is False.
            device: device to run on.

        Raises:
            ConfigError: the model or the device cannot be used.
        """

    @abstractmethod
    def detect(self, images: Sequence[ImageArray]) -> list[list[DetectedFace]]:
        """Find the faces of each image.

        Args:
            images: RGB uint8 [height, width, 3] each; sizes may differ.

        Returns:
            For each image its faces, left to right as far as their boxes' left edges tell.
        """

    def search(self, images: Sequence[AnyImage]) -> list[list[DetectedFace]]:
        """Find the faces of images that may lie on a device: what the library calls.

        Images on a device are brought to the host for ``detect``. A detector that works on tensors replaces this.

        Args:
            images: RGB uint8 [height, width, 3] each, arrays or tensors.

        Returns:
            Those of ``detect``.
        """
        return self.detect([on_host(image) for image in images])
