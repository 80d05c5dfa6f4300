"""Weights from a hub, all the way into a result; in a process of its own, which knows the hub by its environment."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from genconvit.weights import locate as module
from genconvit.weights.convert import convert_reference
from genconvit.weights.hub import PUBLISHED_FILES, PUBLISHED_REPOSITORY
from genconvit.weights.locate import hash_ahead, locate

from .hub_server import COMMIT, Hub, serving
from .reference_files import save

PREDICT = """
import json, sys
import numpy as np
from genconvit import Detector, GenConViTError
try:
    with Detector(sys.argv[1], mode="ed", device="cpu", **json.loads(sys.argv[2])) as detector:
        detector.score_faces(np.zeros((1, 224, 224, 3), np.uint8))
        print(detector.weights.model_dump_json())
except GenConViTError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


def zeros_like(tensors: dict[str, torch.Tensor]) -> bytes:
    """A file with these names and shapes that takes little room: every tensor is one zero, seen many times."""
    stream = io.BytesIO()
    torch.save({name: torch.zeros(()).expand(tensor.shape) for name, tensor in tensors.items()}, stream)
    return stream.getvalue()


def ask(home: Path, endpoint: str, architecture: str = "original", **options: Any) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    environment |= {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1"}
    command = [sys.executable, "-c", PREDICT, architecture, json.dumps(options)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(scope="module")
def published(ed_tensors: dict[str, torch.Tensor]) -> bytes:
    return zeros_like(ed_tensors)


@pytest.mark.slow
def test_published_weights_are_fetched_once_and_recorded(published: bytes, tmp_path: Path) -> None:
    with serving(Hub(repository=PUBLISHED_REPOSITORY, files={PUBLISHED_FILES["ed"]: published})) as hub:
        first = ask(tmp_path, hub.endpoint)
        second = ask(tmp_path, hub.endpoint)
        assert len(hub.bodies) == 1
    offline = ask(tmp_path, hub.endpoint)
    for done in (first, second, offline):
        assert done.returncode == 0, done.stderr
        info = json.loads(done.stdout)
        assert (info["origin"], info["trained"]) == ("published", True)
        (file,) = info["files"]
        assert file == {
            "name": PUBLISHED_FILES["ed"],
            "sha256": hashlib.sha256(published).hexdigest(),
            "repository": PUBLISHED_REPOSITORY,
            "revision": COMMIT,
        }


def test_without_network_and_cache_the_error_names_the_file_and_the_ways_on(tmp_path: Path) -> None:
    done = ask(tmp_path, "http://127.0.0.1:9")
    assert done.returncode == 1
    assert done.stderr.startswith("WeightsError: ")
    for part in (PUBLISHED_FILES["ed"], str(tmp_path), "http://127.0.0.1:9", "genconvit weights download", "random"):
        assert part in done.stderr
    assert "--weights ed=PATH" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_hub_id_serves_the_librarys_file_or_the_references(
    published: bytes, ed_tensors: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    convert_reference({"ed": save(ed_tensors, tmp_path / "ed.pth")}, tmp_path / "own.safetensors", precision="bf16")
    own = (tmp_path / "own.safetensors").read_bytes()
    for name, content, spec in (
        ("model.safetensors", own, "owner/name"),
        (PUBLISHED_FILES["ed"], published, f"owner/name@{COMMIT}"),
    ):
        with serving(Hub(repository="owner/name", files={name: content, "README.md": b"hello"})) as hub:
            done = ask(tmp_path / name, hub.endpoint, weights=spec)
        assert done.returncode == 0, done.stderr
        info = json.loads(done.stdout)
        assert info["origin"] == "file"
        assert (info["files"][0]["name"], info["files"][0]["repository"]) == (name, "owner/name")


@pytest.mark.slow
def test_a_hub_id_without_weights_or_with_a_slip_is_an_error(tmp_path: Path) -> None:
    with serving(Hub(repository="owner/name", files={"README.md": b"hello"})) as hub:
        without = ask(tmp_path, hub.endpoint, weights="owner/name")
        slip = ask(tmp_path, hub.endpoint, weights="owner/nane")
    assert "holds neither model.safetensors nor" in without.stderr
    assert "owner/nane" in slip.stderr
    assert without.returncode == slip.returncode == 1
    assert "Traceback" not in without.stderr + slip.stderr


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were hashed, in turn."""
    files: list[Path] = []

    def noted(path: Path) -> str:
        files.append(path)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    monkeypatch.setattr(module, "sha256_of_file", noted)
    return files


def sha256_of(path: Path) -> str:
    (located,) = locate(path, ())
    return located.file.sha256


def test_a_file_that_is_hashed_ahead_is_hashed_once(tmp_path: Path, hashed: list[Path]) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"before")
    hash_ahead(str(path))
    assert sha256_of(path) == hashlib.sha256(b"before").hexdigest()
    assert hashed == [path]
    sha256_of(path)
    assert hashed == [path, path]


def test_a_file_that_has_changed_meanwhile_is_hashed_again(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"before")
    hash_ahead(path)
    path.write_bytes(b"afterwards")
    assert sha256_of(path) == hashlib.sha256(b"afterwards").hexdigest()


@pytest.mark.parametrize("spec", [None, "published", "nowhere.safetensors", "a\0.pth", {"ed": "a.pth"}, "owner/name"])
def test_what_names_no_file_is_not_hashed_ahead(spec: Any, hashed: list[Path]) -> None:
    hash_ahead(spec)
    assert (hashed, module._begun) == ([], {})
