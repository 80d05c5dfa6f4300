from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from genconvit.core.errors import ConfigError
from genconvit.core.types import DetectedFace, ImageArray
from genconvit.faces import mtcnn as module
from genconvit.faces.mtcnn import MTCNNDetector

CPU = torch.device("cpu")


def test_the_box_after_a_reduction_is_the_box_at_full_size(
    mtcnn: MTCNNDetector, clips: dict[str, list[ImageArray]], monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = clips["anndvqgoko.mp4"][0]
    ((reduced,),) = mtcnn.detect([frame])
    monkeypatch.setattr(module, "_FIRST_LINES", 1080)
    ((full,),) = mtcnn.detect([frame])
    np.testing.assert_allclose(reduced.box, full.box, atol=0.08 * (full.box[3] - full.box[1]))
    assert reduced.landmarks is not None
    assert full.landmarks is not None
    np.testing.assert_allclose(reduced.landmarks, full.landmarks, atol=0.05 * (full.box[3] - full.box[1]))


def test_a_small_face_in_a_large_frame_is_found_at_full_size(mtcnn: MTCNNDetector, astronaut: ImageArray) -> None:
    portrait = np.asarray(Image.fromarray(astronaut).resize((110, 110), Image.Resampling.BILINEAR))
    frame = np.full((1080, 1920, 3), 90, dtype=np.uint8)
    frame[600:710, 1500:1610] = portrait
    ((face,),) = mtcnn.detect([frame])
    assert 1500 < face.box[0] < face.box[2] < 1610
    assert 600 < face.box[1] < face.box[3] < 710
    assert face.box[3] - face.box[1] < 24 * 1080 / 480


def test_a_batch_beyond_the_bound_is_split(
    mtcnn: MTCNNDetector, astronaut: ImageArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    portraits = [astronaut[:256, 100:356]] * 3
    whole = mtcnn.detect(portraits)
    monkeypatch.setattr(module, "_BATCH_PX", 1)
    split = mtcnn.detect(portraits)
    for (one,), (other,) in zip(whole, split, strict=True):
        np.testing.assert_allclose(one.box, other.box, atol=0.5)


@pytest.mark.parametrize("shape", [(1500, 65_000, 3), (65_000, 1500, 3), (1080, 1920, 3)])
def test_an_image_of_an_extreme_shape_is_searched_once_and_within_a_bound(
    mtcnn: MTCNNDetector, monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...]
) -> None:
    searched: list[tuple[int, ...]] = []

    def run(images: ImageArray, scale: tuple[float, float]) -> list[list[DetectedFace]]:
        assert scale[0] == pytest.approx(shape[1] / images.shape[2])
        searched.append(images.shape)
        return [[] for _ in images]

    monkeypatch.setattr(mtcnn, "_run", run)
    assert mtcnn.detect([np.broadcast_to(np.uint8(0), shape)]) == [[]]
    assert all(count * height * width <= 8_000_000 for count, height, width, _ in searched)
    assert len(searched) == (2 if shape == (1080, 1920, 3) else 1)


def test_what_is_less_sure_than_the_threshold_is_no_face(
    mtcnn: MTCNNDetector, astronaut: ImageArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mtcnn, "confidence", 1.1)
    assert mtcnn.detect([astronaut]) == [[]]


def test_a_model_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"takes no model, got 'some\.onnx'; leave the model out"):
        MTCNNDetector(Path("some.onnx"), CPU)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"cannot run on 'cuda'.*use 'cpu'"):
        MTCNNDetector(None, torch.device("cuda"))


@pytest.mark.gpu
def test_cuda_finds_what_the_cpu_finds(mtcnn: MTCNNDetector, astronaut: ImageArray, gpu: torch.device) -> None:
    ((expected,),) = mtcnn.detect([astronaut])
    ((face,),) = MTCNNDetector(None, gpu).detect([astronaut])
    np.testing.assert_allclose(face.box, expected.box, atol=2)


def test_construction_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    MTCNNDetector(None, CPU)
    assert capfd.readouterr() == ("", "")


def test_it_says_what_it_is() -> None:
    assert (MTCNNDetector.name, MTCNNDetector.needs_model) == ("mtcnn", False)
    assert MTCNNDetector.licence.startswith("MIT")
