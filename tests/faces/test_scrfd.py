from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
import torch

from genconvit.core.errors import ConfigError
from genconvit.core.types import AnyImage, DetectedFace, ImageArray
from genconvit.faces.onnx_session import Size
from genconvit.faces.reduce import reduced
from genconvit.faces.scrfd import InsightFaceDetector
from support import shared

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def fixed() -> InsightFaceDetector:
    return InsightFaceDetector(shared("models", "scrfd_fixed_640.onnx"), CPU)


def test_a_fixed_model_gets_its_own_size_and_finds_the_same(
    fixed: InsightFaceDetector, scrfd: InsightFaceDetector, clips: dict[str, list[ImageArray]]
) -> None:
    assert fixed.input_sizes == ((640, 640),)
    assert scrfd.input_sizes == ((320, 320), (640, 640))
    frame = clips["sample_2.mp4"][0]
    ((one,),), ((other,),) = fixed.detect([frame]), scrfd.detect([frame])
    np.testing.assert_allclose(one.box, other.box, atol=0.06 * (one.box[3] - one.box[1]))


def test_a_grey_border_shows_a_face_that_overfills_the_image(
    fixed: InsightFaceDetector, astronaut: ImageArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = np.ascontiguousarray(astronaut[95:210, 180:275])
    ((face,),) = fixed.detect([image])
    assert face.box[0] < 15
    assert face.box[2] > 80
    assert face.landmarks is not None
    assert (face.landmarks > 0).all()
    assert (face.landmarks < (95, 115)).all()
    search = InsightFaceDetector._search

    def without_border(self: InsightFaceDetector, image: AnyImage, size: Size, *, bordered: bool = False) -> Any:
        return [] if bordered else search(self, image, size)

    monkeypatch.setattr(InsightFaceDetector, "_search", without_border)
    assert fixed.detect([image]) == [[]]


def searches(detector: InsightFaceDetector, image: AnyImage, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bool]]:
    """The input's side and whether there was a border, of each search that an image takes."""
    made: list[tuple[int, bool]] = []
    search = InsightFaceDetector._search

    def noted(self: InsightFaceDetector, image: AnyImage, size: Size, *, bordered: bool = False) -> list[DetectedFace]:
        made.append((size[0], bordered))
        return search(self, image, size, bordered=bordered)

    monkeypatch.setattr(InsightFaceDetector, "_search", noted)
    detector.detect([image])
    monkeypatch.undo()
    return made


def test_a_large_input_and_a_border_are_searched_only_where_nothing_was_found(
    scrfd: InsightFaceDetector, fixed: InsightFaceDetector, astronaut: ImageArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    black = np.zeros((90, 160, 3), np.uint8)
    assert searches(scrfd, astronaut, monkeypatch) == [(320, False)]
    assert searches(scrfd, black, monkeypatch) == [(320, False), (640, False), (320, True)]
    assert searches(fixed, black, monkeypatch) == [(640, False), (640, True)]


def test_a_face_that_is_small_in_its_frame_is_found_in_the_large_input(
    scrfd: InsightFaceDetector, astronaut: ImageArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = np.full((1080, 1920, 3), 90, np.uint8)
    frame[500:700, 1500:1700] = reduced(astronaut, 200, 200)
    assert searches(scrfd, frame, monkeypatch) == [(320, False), (640, False)]
    ((face,),) = scrfd.detect([frame])
    assert 1500 < face.box[0] < face.box[2] < 1700
    assert 500 < face.box[1] < face.box[3] < 700


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
