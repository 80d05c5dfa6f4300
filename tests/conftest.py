from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # one thread a worker, also in the processes that it starts
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

from genconvit import Detector
from genconvit.data.sample import write_clip

ROOT = Path(__file__).resolve().parents[1]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked gpu without a CUDA device, fail it where GENCONVIT_GPU=1 promises one.

    With GENCONVIT_GPU=rehearse the CPU takes the GPU's place in those that ask for the fixture ``gpu``.
    """
    if item.get_closest_marker("gpu") is None or torch.cuda.is_available():
        return
    promise = os.environ.get("GENCONVIT_GPU")
    if promise == "1":
        pytest.fail("GENCONVIT_GPU=1 promises a CUDA device, and there is none", pytrace=False)
    if promise != "rehearse":
        pytest.skip("needs a CUDA device")
    if "gpu" not in getattr(item, "fixturenames", ()):
        pytest.skip("needs a CUDA device, which the CPU cannot stand in for")


@pytest.fixture(scope="session")
def gpu() -> torch.device:
    """The CUDA device, or the CPU in a rehearsal."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@pytest.fixture(scope="session")
def portrait_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's clip: 24 frames of a portrait, one face in each."""
    path = tmp_path_factory.mktemp("clip") / "portrait.mp4"
    write_clip(path)
    return path


@pytest.fixture(scope="session")
def detector() -> Iterator[Detector]:
    """The ED network with random weights on three frames of a source."""
    options: dict[str, Any] = {"weights": "random", "device": "cpu", "face_detector": "mtcnn"}
    with Detector("original", mode="ed", frames=3, **options) as detector:
        yield detector


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site of the docs."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder
