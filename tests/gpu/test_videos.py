"""A video on a GPU gives the CPU's faces, and their scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from genconvit import Detector, VideoResult
from genconvit.core.device import Precision
from genconvit.data.sample import write_clip

pytestmark = pytest.mark.gpu

FRAMES = 6
BOX = 0.02
"""Tolerance of an edge of a face's box against the CPU's, in heights of the box."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1080p, with a face that drifts through it."""
    path = tmp_path_factory.mktemp("clips") / "portrait.mp4"
    write_clip(path, frames=FRAMES, width=1920, height=1080)
    return path


def predicted(clip: Path, device: str, **options: Any) -> VideoResult:
    shared: dict[str, Any] = {"size": "nano", "weights": "embedded", "runtime": "torch", "frames": FRAMES}
    shared["face_detector"] = "mtcnn"
    with Detector("v2", device=device, **shared, **options) as detector:
        results = list(detector.predict_many([clip] * 2))
    assert [result.status for result in results] == ["ok"] * 2
    return results[-1]


@pytest.fixture(scope="module")
def expected(clip: Path) -> VideoResult:
    """The CPU's answer."""
    return predicted(clip, "cpu", precision="fp32")


def test_mtcnn_finds_the_same_faces(clip: Path, expected: VideoResult, gpu: torch.device) -> None:
    found = predicted(clip, str(gpu), precision="fp32")
    assert len(found.faces) == len(expected.faces) == FRAMES
    for face, other in zip(found.faces, expected.faces, strict=True):
        height = other.box[3] - other.box[1]
        np.testing.assert_allclose(face.box, other.box, rtol=0, atol=BOX * height)
        assert face.confidence == pytest.approx(other.confidence, abs=0.02)


@pytest.mark.parametrize("options", [{}, {"cuda_graphs": True, "batch_size": 8}], ids=str)
def test_scores_are_the_cpus(
    clip: Path, expected: VideoResult, gpu: torch.device, bf16: Precision, options: dict[str, Any]
) -> None:
    if "cuda_graphs" in options and gpu.type == "cpu":
        pytest.skip("needs a CUDA device for CUDA graphs")
    found = predicted(clip, str(gpu), precision=bf16, **options)
    assert found.fake_probability == pytest.approx(expected.fake_probability, abs=0.05)
    assert (found.provenance.device, found.provenance.precision) == (str(gpu), bf16)
    assert found.provenance.compiled == bool(options)
    assert not [note for note in found.notes if "memory" in note]
