from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genconvit import Detector
from genconvit.sample import write_clip


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
