"""Fixtures that the tests of a GPU share: faces that differ, and the CPU's answer to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image, ImageFilter

from genconvit import Detector
from genconvit.core.device import Precision
from genconvit.core.types import FaceScores
from genconvit.data.sample import FACE, portrait

Faces = npt.NDArray[np.uint8]
MakeFaces = Callable[[int, int], Faces]
Score = Callable[..., FaceScores]

LIBRARIES_WARN = (
    "ignore:TensorFloat32 tensor cores",  # Inductor, of every fp32 product
    "ignore:`torch.jit.script_method`",  # Inductor's own imports with torch 2.11
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let Inductor warn of what these tests do on purpose, or cannot help."""
    for item in items:
        if item.get_closest_marker("gpu"):
            for warning in LIBRARIES_WARN:
                item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.fixture(scope="session")
def make_faces() -> MakeFaces:
    """Makes crops uint8 [count, size, size, 3] of a portrait, each turned, blurred, lit and noisy in its way."""

    def make(count: int, size: int) -> Faces:
        face, chance = Image.fromarray(portrait()).crop(FACE), np.random.default_rng(0)
        made = []
        for _ in range(count):
            turned = face.rotate(float(chance.uniform(-15, 15)), Image.Resampling.BILINEAR)
            blurred = turned.filter(ImageFilter.GaussianBlur(float(chance.uniform(0, 3)))).resize((size, size))
            noise = chance.normal(0, chance.uniform(0, 30), (size, size, 3))
            made.append(np.clip(np.asarray(blurred) * chance.uniform(0.5, 1.4) + noise, 0, 255))
        return np.stack(made).astype(np.uint8)

    return make


@pytest.fixture(scope="session")
def score(make_faces: MakeFaces) -> Score:
    """Scores so many faces, the same each time, with an architecture on a device."""

    def run(count: int, architecture: str, device: torch.device, **options: Any) -> FaceScores:
        with Detector(architecture, device=str(device), face_detector="mtcnn", **options) as detector:
            return detector.score_faces(make_faces(count, detector.model.input_size))

    return run


@pytest.fixture(scope="session")
def bf16(gpu: torch.device) -> Precision:
    """The lower precision; fp32 where the CPU stands in, for most CPUs take many times as long in bf16."""
    return "bf16" if gpu.type == "cuda" else "fp32"


@pytest.fixture(scope="session")
def size(gpu: torch.device) -> str:
    """Give the size of the networks: as they are published, or small where the CPU stands in."""
    return "tiny" if gpu.type == "cuda" else "nano"
