"""Checks of what the library relies on of a face detector."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch

from genconvit.core.cut import SquareRule
from genconvit.core.errors import ConfigError
from genconvit.core.types import DetectedFace, ImageArray
from genconvit.data.sample import FACE, portrait
from genconvit.faces.base import FaceDetector
from genconvit.faces.detector_choice import open_face_detector, resolve_face_detector
from genconvit.testing.check import Check, SkippedError, Subject, require

NEAR = 0.5
"""Farthest, in sides of the face's square, that the middle of the found box may lie from that of the face."""


def face_detector_checks(name: str, cls: type[FaceDetector]) -> list[Check]:
    """The checks of one face detector, with the model that is on disk where it needs one."""
    subject = _Subject(name, cls)
    return [
        Check(name, "says its name, its terms and its square", subject.says_what_it_is),
        Check(name, "takes no images", subject.takes_nothing),
        Check(name, "finds the face of a portrait", subject.finds_a_face),
        Check(name, "finds alike alone and among others", subject.is_independent_of_the_batch),
    ]


class _Subject(Subject[FaceDetector]):
    @cached_property
    def detector(self) -> FaceDetector:
        try:
            choice = resolve_face_detector(self.name)
            detector, _ = open_face_detector(self.cls, choice.model_path, torch.device("cpu"), may_fall_back=False)
        except ConfigError as error:
            raise SkippedError(f"it cannot be opened here: {error}") from error
        return detector

    def found(self, *images: ImageArray) -> list[list[DetectedFace]]:
        found = self.detector.search(images)
        require(len(found) == len(images), f"it gives {len(found)} lists for {len(images)} images")
        return found

    def says_what_it_is(self) -> None:
        self.require_name(self.cls.name)
        require(bool(self.cls.licence), "licence is empty; say the terms of its model")
        require(isinstance(self.cls.square_rule, SquareRule), f"square_rule is {self.cls.square_rule!r}")

    def takes_nothing(self) -> None:
        require(self.found() == [], "no images have faces")

    def finds_a_face(self) -> None:
        (faces,) = self.found(portrait())
        require(bool(faces), "there is none in a portrait of 512 x 512 pixels")
        require(all(isinstance(face, DetectedFace) for face in faces), f"a face is a DetectedFace; got {faces[0]!r}")
        left, top, right, bottom = max(faces, key=lambda face: face.confidence).box
        x, y = (FACE[0] + FACE[2]) / 2, (FACE[1] + FACE[3]) / 2
        distance = max(abs((left + right) / 2 - x), abs((top + bottom) / 2 - y)) / (FACE[2] - FACE[0])
        whole = (left, top, right, bottom) == (0, 0, 512, 512)
        require(whole or distance < NEAR, f"the surest face is at {(left, top, right, bottom)}, not around {(x, y)}")

    def is_independent_of_the_batch(self) -> None:
        image = portrait()
        images = (image, np.zeros((300, 200, 3), np.uint8), np.ascontiguousarray(image[::2, ::2]))
        for each, among_others in zip(images, self.found(*images), strict=True):
            (alone,) = self.found(each)
            same = _boxes(alone) == _boxes(among_others)
            require(same, f"alone it finds {_boxes(alone)}, among others {_boxes(among_others)}")


def _boxes(faces: list[DetectedFace]) -> list[tuple[float, ...]]:
    return [tuple(round(value) for value in face.box) for face in faces]
