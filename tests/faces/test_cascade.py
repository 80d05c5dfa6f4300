"""MTCNN without PyTorch finds what facenet-pytorch's finds."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from facenet_pytorch.models import mtcnn as theirs
from torch import nn

from genconvit.core.device import Device
from genconvit.core.errors import ConfigError
from genconvit.core.types import DetectedFace, ImageArray
from genconvit.faces import cascade, mtcnn
from genconvit.faces.mtcnn import MTCNNDetector, OnnxMTCNNDetector

FURTHEST_PX = 0.01
"""Largest distance of a box's corners, in pixels of the frame."""


@pytest.fixture(scope="module")
def without_torch() -> OnnxMTCNNDetector:
    return OnnxMTCNNDetector(None, Device("cpu"))


def assert_same(found: list[list[DetectedFace]], wanted: list[list[DetectedFace]]) -> None:
    assert [len(faces) for faces in found] == [len(faces) for faces in wanted]
    pairs = zip(itertools.chain(*found), itertools.chain(*wanted), strict=True)
    for face, other in pairs:
        assert face.box == pytest.approx(other.box, abs=FURTHEST_PX)
        assert face.confidence == pytest.approx(other.confidence, abs=1e-4)
        assert face.landmarks is not None
        assert face.landmarks == pytest.approx(other.landmarks, abs=FURTHEST_PX)


def test_the_same_faces_are_found(
    mtcnn: MTCNNDetector, without_torch: OnnxMTCNNDetector, astronaut: ImageArray, two_faces: ImageArray
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    images = [astronaut, two_faces, noise, np.zeros((100, 100, 3), np.uint8), astronaut[:20], astronaut[100:356, ::2]]
    found = without_torch.detect(images)
    assert_same(found, mtcnn.detect(images))
    assert [len(faces) for faces in found[:5]] == [1, 2, 0, 0, 0]


def test_images_of_a_batch_do_not_meddle(without_torch: OnnxMTCNNDetector, astronaut: ImageArray) -> None:
    images = [astronaut, astronaut[:, ::-1].copy(), np.zeros_like(astronaut)]
    assert_same(without_torch.detect(images), [without_torch.detect([image])[0] for image in images])


def test_the_same_faces_are_found_in_clips(
    mtcnn: MTCNNDetector, without_torch: OnnxMTCNNDetector, clips: dict[str, list[ImageArray]]
) -> None:
    images = [frames[0] for frames in clips.values()]
    assert_same(without_torch.detect(images), mtcnn.detect(images))


def test_many_candidates_go_through_in_parts(
    without_torch: OnnxMTCNNDetector, astronaut: ImageArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = without_torch.detect([astronaut])
    monkeypatch.setattr(cascade, "_AT_ONCE", 3)
    assert_same(without_torch.detect([astronaut]), whole)


@pytest.mark.parametrize(
    ("name", "network", "shape"),
    [
        ("pnet", theirs.PNet, (2, 31, 57, 3)),
        ("pnet", theirs.PNet, (1, 12, 12, 3)),
        ("rnet", theirs.RNet, (5, 24, 24, 3)),
        ("onet", theirs.ONet, (3, 48, 48, 3)),
    ],
)
def test_the_shipped_networks_are_the_installed_packages(name: str, network: type[nn.Module], shape: Any) -> None:
    pixels = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    path = Path(cascade.__file__).with_name("mtcnn_networks") / f"{name}.onnx"
    found = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"pixels": pixels})
    with torch.inference_mode():
        offsets, *landmarks, faces = network()((torch.from_numpy(pixels).permute(0, 3, 1, 2) - 127.5) * 0.0078125)
    for mine, wanted in zip(found, (faces[:, 1], offsets, *landmarks), strict=True):
        np.testing.assert_allclose(mine, wanted.numpy(), atol=1e-5)


def test_the_networks_say_whose_they_are() -> None:
    text = Path(cascade.__file__).with_name("mtcnn_networks").joinpath("LICENSE").read_text()
    assert "facenet-pytorch 2.5.3" in text
    assert "Copyright (c) 2019 Timothy Esler" in text


def test_the_runtime_of_the_networks_chooses_the_class() -> None:
    cpu, cuda = Device("cpu"), Device("cuda:0")
    assert MTCNNDetector.beside("torch", cpu) is MTCNNDetector
    assert MTCNNDetector.beside("onnxruntime", cpu) is OnnxMTCNNDetector
    assert MTCNNDetector.beside("openvino", cpu) is OnnxMTCNNDetector
    assert MTCNNDetector.beside("onnxruntime", cuda) is MTCNNDetector
    with pytest.raises(ConfigError, match=r"without PyTorch runs on the cpu, got 'cuda:0'; use 'cpu'"):
        OnnxMTCNNDetector(None, cuda)
    assert mtcnn.OnnxMTCNNDetector.name == MTCNNDetector.name
