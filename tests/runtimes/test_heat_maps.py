"""Heat maps where another runtime than PyTorch runs the networks."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from genconvit import Detector
from genconvit.core.errors import ConfigError, WeightsError
from genconvit.explain import torch_model
from genconvit.results.provenance import WeightsFile
from genconvit.runtimes import cache
from genconvit.runtimes.export import Written
from genconvit.weights.load import LoadedModel, load_model

from .conftest import OPTIONS

FACES = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8)


@pytest.fixture
def detector(onnx_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Detector:
    """The small network in ONNX Runtime, from weights that PyTorch can load too."""

    def copied(_: object, name: str, output: Path, **options: object) -> Written:
        del name, options
        shutil.copy(onnx_path, output)
        return Written((output,), 0.0)

    monkeypatch.setattr(cache, "export_model", copied)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return Detector("timm", weights="random", runtime="onnxruntime", device="cpu", face_detector="mtcnn", **OPTIONS)


def test_they_are_made_in_pytorch_from_the_same_weights(detector: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    loads = []

    def counted(*args: object) -> LoadedModel:
        loads.append(args)
        return load_model(*args)  # type: ignore[arg-type] # they are what it is called with

    monkeypatch.setattr(torch_model, "load_model", counted)
    with detector:
        found = [*detector.heat_maps(FACES), *detector.heat_maps(FACES, target="real")]
        scores = detector.score_faces(FACES).fake_probability
    assert len(loads) == 1, "the weights are loaded at the first call"
    np.testing.assert_allclose([each.fake_probability for each in found], [*scores, *scores], atol=1e-5)
    with Detector("timm", weights="random", device="cpu", face_detector="mtcnn", precision="fp32", **OPTIONS) as inside:
        wanted = [*inside.heat_maps(FACES), *inside.heat_maps(FACES, target="real")]
    assert max(each.grad_cam["timm"].maximum for each in wanted) > 0
    for own, other in zip(wanted, found, strict=True):
        np.testing.assert_allclose(other.grad_cam["timm"].raw, own.grad_cam["timm"].raw, rtol=1e-4, atol=1e-7)


def test_weights_that_have_changed_are_refused(detector: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    def others(*args: object) -> LoadedModel:
        loaded = load_model(*args)  # type: ignore[arg-type] # they are what it is called with
        files = (WeightsFile(name="other.safetensors", sha256="0" * 64),)
        return LoadedModel(loaded.model, loaded.info.model_copy(update={"files": files}))

    monkeypatch.setattr(torch_model, "load_model", others)
    with detector, pytest.raises(WeightsError, match=r"they were random, and are other\.safetensors \(SHA-256 000"):
        detector.heat_maps(FACES)


def test_an_exported_file_has_none(exported: Path) -> None:
    with (
        Detector(weights=exported, device="cpu", face_detector="mtcnn") as outside,
        pytest.raises(
            ConfigError, match=r"heat maps need gradients, and .*tiny\.\w+ holds a network without them; use"
        ),
    ):
        outside.heat_maps(FACES)
