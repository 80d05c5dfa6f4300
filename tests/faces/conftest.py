"""Real frames with faces, and the two detectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from skimage import data

from genconvit.core.types import ImageArray
from genconvit.faces.mtcnn import MTCNNDetector
from genconvit.faces.scrfd import InsightFaceDetector
from support import shared

CLIPS = ("0017_fake.mp4", "0048_fake.mp4", "anndvqgoko.mp4", "sample_2.mp4", "sample_4.mp4")
FRAMES = (30, 60)


def decode(path: Path) -> Iterator[ImageArray]:
    """Frames 30 and 60 of a clip."""
    with av.open(str(path)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index in FRAMES:
                yield frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
            if index == FRAMES[-1]:
                return


@pytest.fixture(scope="session")
def clips() -> dict[str, list[ImageArray]]:
    """Two frames of each clip; in each there is one face."""
    return {name: list(decode(shared("videos", name))) for name in CLIPS}


@pytest.fixture(scope="session")
def astronaut() -> ImageArray:
    """A portrait, 512 x 512, of one face."""
    load: Callable[[], ImageArray] = data.astronaut
    return load()


@pytest.fixture(scope="session")
def two_faces(astronaut: ImageArray) -> ImageArray:
    """The portrait twice, side by side, 512 x 1024."""
    return np.concatenate([astronaut, astronaut], axis=1)


@pytest.fixture(scope="session")
def scrfd() -> InsightFaceDetector:
    """SCRFD with a free input size."""
    return InsightFaceDetector(shared("models", "scrfd.onnx"), torch.device("cpu"))


@pytest.fixture(scope="session")
def mtcnn() -> MTCNNDetector:
    """MTCNN on the CPU."""
    return MTCNNDetector(None, torch.device("cpu"))
