"""Scores on a GPU are the CPU's: in fp32 to rounding, in bf16 near enough to rank faces alike."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy.stats import spearmanr

from genconvit import Detector
from genconvit.core.device import Precision, resolve_precision
from genconvit.core.types import FaceScores
from genconvit.pipeline.scorer import Scorer
from genconvit.pipeline.torch_network import TorchNetwork
from genconvit.registry import ARCHITECTURES
from genconvit.weights.load import load_model

from .conftest import MakeFaces, Score

pytestmark = pytest.mark.gpu

CPU = torch.device("cpu")
TRAINED: dict[str, Any] = {"size": "nano", "weights": "embedded", "runtime": "torch"}

FP32_LOGITS = 1e-4
"""Convolutions add in another order on each device."""

BF16_LOGITS = 0.01
"""Tolerance of random weights' logits, which are near 0.1; a CPU's bf16 is off by 0.001."""

BF16_TRAINED = 0.05
"""Tolerance of trained weights' probabilities; a CPU's bf16 is off by 0.008."""

LEAST_CORRELATION = 0.99

FACES = 20
"""Not a multiple of the batches here."""


MAPS = 1e-3
"""Tolerance of heat maps, as a share of the largest value: gradients add up what logits do."""


def furthest(found: FaceScores, expected: FaceScores) -> float:
    """The largest difference between logits."""
    assert found.logits.keys() == expected.logits.keys()
    return max(float(np.abs(found.logits[name] - expected.logits[name]).max()) for name in found.logits)


@pytest.fixture
def no_tf32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let cuDNN compute convolutions in fp32 where it is asked for; by default it takes TF32."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


@pytest.mark.usefixtures("no_tf32")
@pytest.mark.parametrize("architecture", ["original", "v2"])
def test_each_architecture_in_fp32_and_bf16(
    architecture: str, make_faces: MakeFaces, gpu: torch.device, bf16: Precision, size: str
) -> None:
    model = load_model(architecture, ARCHITECTURES.load(architecture), {"size": size}, "random").model
    faces = make_faces(4, model.input_size)
    expected = Scorer(TorchNetwork(model, device=CPU, precision="fp32")).score(faces)
    exact = Scorer(TorchNetwork(model, device=gpu, precision="fp32")).score(faces)
    near = Scorer(TorchNetwork(model, device=gpu, precision=bf16)).score(faces)  # last, for it rounds the weights
    assert furthest(exact, expected) < FP32_LOGITS
    assert furthest(near, expected) < BF16_LOGITS


@pytest.mark.parametrize("options", [{}, {"compile": True}, {"cuda_graphs": True, "batch_size": 8}], ids=str)
def test_trained_weights_rank_faces_alike(
    score: Score, gpu: torch.device, bf16: Precision, options: dict[str, Any]
) -> None:
    if "cuda_graphs" in options and gpu.type == "cpu":
        pytest.skip("needs a CUDA device for CUDA graphs")
    expected = score(FACES, "v2", CPU, precision="fp32", **TRAINED).fake_probability
    found = score(FACES, "v2", gpu, precision=bf16, **TRAINED, **options).fake_probability
    assert float(expected.std()) > 0.02  # the faces do differ in their scores
    torch.testing.assert_close(found, expected, rtol=0, atol=BF16_TRAINED)
    assert spearmanr(found, expected).statistic > LEAST_CORRELATION


def test_auto_takes_bf16(gpu: torch.device) -> None:
    if gpu.type == "cpu":
        pytest.skip("needs a CUDA device: a CPU may have no bf16")
    capable = torch.cuda.get_device_capability(gpu) >= (8, 0)
    assert resolve_precision("auto", gpu) == ("bf16" if capable else "fp32")


def test_threads_share_cuda_graphs(make_faces: MakeFaces, gpu: torch.device, bf16: Precision) -> None:
    graphs = {"cuda_graphs": True} if gpu.type == "cuda" else {}
    found: dict[int, npt.NDArray[np.float32]] = {}
    options = {**TRAINED, **graphs, "precision": bf16, "face_detector": "mtcnn", "batch_size": 8}
    with Detector("v2", device=str(gpu), **options) as detector:
        faces = make_faces(8, detector.model.input_size)

        def run(number: int) -> None:
            found[number] = detector.score_faces(np.roll(faces, number, axis=0)).fake_probability

        threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(found) == [0, 1, 2, 3]
    for number, probabilities in found.items():
        torch.testing.assert_close(probabilities, np.roll(found[0], number), rtol=0, atol=BF16_TRAINED)


@pytest.mark.usefixtures("no_tf32")
def test_heat_maps_are_the_cpus_and_explain_the_score(make_faces: MakeFaces, gpu: torch.device) -> None:
    faces = make_faces(6, 128)
    with (
        Detector("v2", **TRAINED, device="cpu", precision="fp32", face_detector="mtcnn") as host,
        Detector("v2", **TRAINED, device=str(gpu), precision="fp32", face_detector="mtcnn") as device,
    ):
        expected, found = host.heat_maps(faces), device.heat_maps(faces)
        scores = device.score_faces(faces).fake_probability
    np.testing.assert_allclose([each.fake_probability for each in found], scores, atol=FP32_LOGITS)
    for kind in ("grad_cam", "attention", "reconstruction_error"):
        for name in getattr(expected[0], kind):
            own, other = ([getattr(face, kind)[name].raw for face in maps] for maps in (expected, found))
            largest = max(map(np.max, own))
            assert largest > 0
            np.testing.assert_allclose(other, own, atol=MAPS * largest)
