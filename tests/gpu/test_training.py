"""A training on a GPU takes the CPU's first step, and goes on to weights that a detector loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from genconvit import Detector
from genconvit.core.device import Precision
from genconvit.train.config import TrainConfig
from genconvit.train.fit import TrainResult, fit
from train.small import make_crops

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_crops(tmp_path_factory.mktemp("crops"), valid=2)


@pytest.fixture(autouse=True)
def no_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genconvit.train.fit.write_curves", lambda *_: ())


def trained(crops: Path, out: Path, gpu: torch.device | None, losses: list[float], **options: Any) -> TrainResult:
    usual: dict[str, Any] = {"architecture": "v2", "init": "random", "augment": "none", "tensorboard": False}
    usual |= {"steps": 2, "batch_size": 4, "workers": 1, "device": "auto" if gpu and gpu.type == "cuda" else "cpu"}
    config = TrainConfig(data=str(crops), out=str(out), **{**usual, **options})
    return fit(config, tell=lambda moment: losses.append(moment.loss))


def test_the_first_loss_is_the_cpus(crops: Path, tmp_path: Path, gpu: torch.device, bf16: Precision) -> None:
    expected = list[float]()
    options: dict[str, Any] = {"model": {"size": "nano", "mode": "ed"}, "steps": 1}  # this branch draws no noise
    trained(crops, tmp_path / "cpu", None, expected, **options)
    for precision, most in {bf16: 0.05, "fp32": 0.01}.items():
        found = list[float]()
        trained(crops, tmp_path / precision, gpu, found, precision=precision, **options)
        assert found == pytest.approx(expected, rel=most)


def test_a_training_of_v2_ends_in_weights_that_score(
    crops: Path, tmp_path: Path, gpu: torch.device, bf16: Precision
) -> None:
    losses = list[float]()
    result = trained(crops, tmp_path / "out", gpu, losses, model={"size": "nano"}, precision=bf16, ema=0.9)
    assert len(losses) == result.steps == 2
    assert all(bool(tensor.isfinite().all()) for tensor in load_file(result.final).values())
    with Detector("v2", size="nano", weights=result.final, device=str(gpu), face_detector="mtcnn") as detector:
        assert detector.weights.trained
        side = detector.model.input_size
        scores = detector.score_faces(torch.zeros(2, side, side, 3, dtype=torch.uint8, device=gpu))
    assert np.isfinite(scores.fake_probability).all()


def test_a_training_that_is_broken_off_goes_on(crops: Path, tmp_path: Path, gpu: torch.device) -> None:
    class BrokenOffError(Exception):
        pass

    losses = list[float]()
    options: dict[str, Any] = {"model": {"size": "nano", "mode": "ed"}, "checkpoint_steps": 1}
    config = TrainConfig(data=str(crops), out=str(tmp_path), architecture="v2", init="random", steps=3, batch_size=4)
    config = config.model_copy(update={**options, "device": "auto" if gpu.type == "cuda" else "cpu", "workers": 0})

    def stop(_: object) -> None:
        losses.append(0)
        if len(losses) == 2:
            raise BrokenOffError

    with pytest.raises(BrokenOffError):
        fit(config, tell=stop)
    assert fit(config, resume=True).steps == 3
