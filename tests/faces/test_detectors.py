"""Each of the detectors keeps its promises, on real frames."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from PIL import Image

from genconvit.core.types import Box, DetectedFace, ImageArray
from genconvit.faces.base import FaceDetector
from genconvit.faces.mtcnn import MTCNNDetector
from genconvit.faces.scrfd import InsightFaceDetector
from genconvit.faces.square import square_of
from support import shared

ASTRONAUT = (170.0, 60.0, 285.0, 225.0)


@pytest.fixture(params=["scrfd", "mtcnn"])
def detector(request: pytest.FixtureRequest) -> FaceDetector:
    found: FaceDetector = request.getfixturevalue(request.param)
    return found


def overlap(one: Box, other: Box) -> float:
    """The intersection over union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    both = max(width, 0.0) * max(height, 0.0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return both / (sum(areas) - both)


def same(one: list[DetectedFace], other: list[DetectedFace]) -> bool:
    return [face.box for face in one] == [face.box for face in other]


def test_the_one_face_of_each_clip_is_found(detector: FaceDetector, clips: dict[str, list[ImageArray]]) -> None:
    found = {name: [len(faces) for faces in detector.detect(frames)] for name, frames in clips.items()}
    assert found == {name: [1, 1] for name in clips}


def test_both_detectors_mean_the_same_square(
    scrfd: InsightFaceDetector, mtcnn: MTCNNDetector, clips: dict[str, list[ImageArray]]
) -> None:
    frames = [frames[0] for frames in clips.values()]
    for (one,), (other,) in zip(scrfd.detect(frames), mtcnn.detect(frames), strict=True):
        square = square_of(one.box, scrfd.square_rule)
        assert overlap(square, square_of(other.box, mtcnn.square_rule)) > 0.7


def test_the_portrait_has_one_face_with_its_landmarks_in_order(detector: FaceDetector, astronaut: ImageArray) -> None:
    ((face,),) = detector.detect([astronaut])
    assert overlap(face.box, ASTRONAUT) > 0.5
    assert 0.5 <= face.confidence <= 1.0
    assert face.landmarks is not None
    assert face.landmarks.shape == (5, 2)
    assert face.landmarks.dtype == np.float32
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks.tolist()
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


def test_two_faces_are_found_left_to_right(detector: FaceDetector, two_faces: ImageArray) -> None:
    ((left, right),) = detector.detect([two_faces])
    assert left.box[2] < 512 < right.box[0]


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (20, 20), (23, 700), (2, 2000), (480, 640)])
def test_black_and_noise_have_no_face(detector: FaceDetector, shape: tuple[int, int]) -> None:
    black = np.zeros((*shape, 3), dtype=np.uint8)
    noise = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert detector.detect([black, noise]) == [[], []]


def test_a_frame_that_was_cropped_to_a_face_has_that_face(detector: FaceDetector) -> None:
    paths = sorted(shared("faces", "dfdc").rglob("*.png")) + sorted(shared("faces", "dfdc").rglob("*.jpg"))
    images = [np.asarray(Image.open(path).convert("RGB")) for path in paths[::9]]
    found = [len(faces) for faces in detector.detect(images)]
    assert set(found) <= {0, 1}
    assert sum(found) >= 0.9 * len(images) > 0


def test_no_images_are_no_answers(detector: FaceDetector) -> None:
    assert detector.detect([]) == []


def test_sizes_may_differ_and_the_order_is_kept(
    detector: FaceDetector, astronaut: ImageArray, two_faces: ImageArray
) -> None:
    black = np.zeros((64, 64, 3), dtype=np.uint8)
    images = [two_faces, black, astronaut, two_faces, black[:, :9]]
    found = detector.detect(images)
    assert [len(faces) for faces in found] == [2, 0, 1, 2, 0]
    assert same(found[0], found[3])


def test_the_answer_is_the_same_each_time(detector: FaceDetector, astronaut: ImageArray) -> None:
    (one,), (other,) = detector.detect([astronaut]), detector.detect([astronaut])
    assert same(one, other)


def test_strided_and_read_only_images_work(detector: FaceDetector, astronaut: ImageArray) -> None:
    mirrored = astronaut[:, ::-1]
    mirrored.setflags(write=False)
    ((straight,),) = detector.detect([astronaut])
    ((turned,),) = detector.detect([mirrored])
    left, top, right, bottom = straight.box
    assert overlap(turned.box, (512 - right, top, 512 - left, bottom)) > 0.7


def test_a_tensor_has_the_faces_of_the_array(
    detector: FaceDetector, clips: dict[str, list[ImageArray]], astronaut: ImageArray
) -> None:
    images = [clips["anndvqgoko.mp4"][0], astronaut, np.zeros((64, 64, 3), np.uint8)]
    arrays = detector.search(images)
    tensors = detector.search([torch.from_numpy(image) for image in images])
    mixed = detector.search([torch.from_numpy(images[0]), *images[1:]])
    assert [len(faces) for faces in arrays] == [1, 1, 0]
    for one, other, another in zip(arrays, tensors, mixed, strict=True):
        assert len(one) == len(other) == len(another)
        for first, second in zip(one, other, strict=True):
            assert overlap(first.box, second.box) > 0.9


def test_a_detector_of_arrays_gets_arrays_from_a_device() -> None:
    class Whole(FaceDetector):
        def __init__(self) -> None:
            pass

        def detect(self, images: Sequence[ImageArray]) -> list[list[DetectedFace]]:
            assert all(isinstance(image, np.ndarray) for image in images)
            return [[DetectedFace((0.0, 0.0, float(image.shape[1]), float(image.shape[0])), 1.0)] for image in images]

    image = np.zeros((4, 6, 3), np.uint8)
    for given in (image, torch.from_numpy(image)):
        assert [faces[0].box for faces in Whole().search([given])] == [(0.0, 0.0, 6.0, 4.0)]


def test_a_face_may_lie_on_its_side_without_a_crash(detector: FaceDetector, astronaut: ImageArray) -> None:
    for image, size in itertools.product((np.rot90(astronaut), astronaut[::-1]), (24, 40, 512)):
        (faces,) = detector.detect([np.ascontiguousarray(image[:size, :size])])
        assert all(0.0 <= face.confidence <= 1.0 for face in faces)


def test_a_tiny_portrait_still_has_its_face(detector: FaceDetector, astronaut: ImageArray) -> None:
    ((face,),) = detector.detect([np.ascontiguousarray(astronaut[40:240:2, 130:330:2])])
    assert overlap(face.box, (20.0, 10.0, 77.5, 92.5)) > 0.4


def test_a_face_that_overfills_the_image_is_found(detector: FaceDetector, clips: dict[str, list[ImageArray]]) -> None:
    frame = clips["sample_4.mp4"][0]
    ((face,),) = detector.detect([frame])
    left, top, right, bottom = face.box
    height = bottom - top
    inner = (left, top + 0.15 * height, right, bottom - 0.1 * height)
    x, y, x_end, y_end = (max(round(value), 0) for value in inner)
    ((again,),) = detector.detect([np.ascontiguousarray(frame[y:y_end, x:x_end])])
    shifted = (again.box[0] + x, again.box[1] + y, again.box[2] + x, again.box[3] + y)
    assert overlap(shifted, face.box) > 0.5
