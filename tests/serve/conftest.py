"""A service with the embedded weights on two frames of a source, and clips for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from genconvit import Client, Detector, DetectorConfig, VideoResult
from genconvit.data.sample import write_clip
from genconvit.serve.api import make_app
from genconvit.serve.config import ServeConfig
from genconvit.serve.service import Service
from processes import wait_until

EMBEDDED: dict[str, Any] = {"weights": "embedded", "frames": 2, "device": "cpu", "workers": 2}


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six frames with a face in each."""
    path = tmp_path_factory.mktemp("served") / "clip.mp4"
    write_clip(path, frames=6)
    return path


@pytest.fixture(scope="session")
def embedded() -> DetectorConfig:
    return DetectorConfig.from_options(**EMBEDDED)


@pytest.fixture(scope="session")
def predicted(clip: Path, embedded: DetectorConfig) -> VideoResult:
    """What predict says of the clip."""
    with Detector(embedded.model_copy(update={"isolate": True})) as detector:
        return detector.predict(clip)


@contextmanager
def serving(data: Path, detector: DetectorConfig, **options: Any) -> Iterator[TestClient]:
    """A service that is ready, called as an application, without a network."""
    service = Service(ServeConfig(data=data, **options), [detector])
    with TestClient(make_app(service), base_url="http://localhost", raise_server_exceptions=False) as http:
        assert wait_until(lambda: http.get("/readyz").status_code == 200)
        yield http


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory, embedded: DetectorConfig) -> Iterator[TestClient]:
    """A service without keys, shared by the tests of a file."""
    root = tmp_path_factory.mktemp("root")
    write_clip(root / "named.mp4", frames=3)
    data = tmp_path_factory.mktemp("data")
    with serving(data, embedded, root=root, thresholds=(0.9, "fpr=0.1"), most_upload_mb=2) as made:
        yield made


@pytest.fixture
def client(http: TestClient) -> Client:
    return Client("http://localhost", http=http)
