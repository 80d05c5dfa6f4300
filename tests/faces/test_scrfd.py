from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from genconvit.errors import ConfigError
from genconvit.faces.scrfd import InsightFaceDetector
from genconvit.types import ImageArray
from support import shared

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def fixed() -> InsightFaceDetector:
    return InsightFaceDetector(shared("models", "scrfd_fixed_640.onnx"), CPU)


def test_a_fixed_model_gets_its_own_size_and_finds_the_same(
    fixed: InsightFaceDetector, scrfd: InsightFaceDetector, clips: dict[str, list[ImageArray]]
) -> None:
    assert fixed.input_size == scrfd.input_size == (640, 640)
    frame = clips["sample_2.mp4"][0]
    ((one,),), ((other,),) = fixed.detect([frame]), scrfd.detect([frame])
    np.testing.assert_allclose(one.box, other.box, atol=1)


def test_a_grey_border_shows_a_face_that_overfills_the_image(
    scrfd: InsightFaceDetector, astronaut: ImageArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = np.ascontiguousarray(astronaut[95:210, 180:275])
    ((face,),) = scrfd.detect([image])
    assert face.box[0] < 15
    assert face.box[2] > 80
    assert face.landmarks is not None
    assert (face.landmarks > 0).all()
    assert (face.landmarks < (95, 115)).all()
    monkeypatch.setattr(InsightFaceDetector, "_detect_bordered", lambda _self, _image: [])
    assert scrfd.detect([image]) == [[]]


def test_construction_and_detection_print_nothing(capfd: pytest.CaptureFixture[str], astronaut: ImageArray) -> None:
    for name in ("scrfd.onnx", "scrfd_fixed_640.onnx"):
        InsightFaceDetector(shared("models", name), CPU).detect([astronaut])
    assert capfd.readouterr() == ("", "")


def test_no_model_is_an_error_that_says_how_to_get_one() -> None:
    with pytest.raises(ConfigError, match=r'needs a detection model.*download a pack.*face_detector="mtcnn"'):
        InsightFaceDetector(None, CPU)


def test_an_insightface_that_does_not_import_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "insightface.model_zoo", None)
    with pytest.raises(ConfigError, match=r'insightface cannot be imported.*libGL.*face_detector="mtcnn"'):
        InsightFaceDetector(shared("models", "scrfd.onnx"), CPU)


def test_it_says_what_it_is() -> None:
    assert (InsightFaceDetector.name, InsightFaceDetector.needs_model) == ("insightface", True)
    assert "non-commercial research" in InsightFaceDetector.licence
