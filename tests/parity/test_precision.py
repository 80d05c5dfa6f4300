"""Lower precision and compiled networks against fp32, with seeded weights on the distinct crops of the DFDC folder."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image
from scipy.stats import spearmanr

from genconvit import Detector
from support import shared

FURTHEST = 0.005
LEAST_CORRELATION = 0.99


@pytest.fixture(scope="module")
def crops() -> npt.NDArray[np.uint8]:
    """The distinct crops uint8 [39, 224, 224, 3]; the folder's splits overlap."""
    paths = sorted(shared("faces", "dfdc").rglob("*.jpg")) + sorted(shared("faces", "dfdc").rglob("*.png"))
    distinct = {hashlib.sha256(path.read_bytes()).digest(): path for path in paths}
    images = [np.asarray(Image.open(path).convert("RGB")) for path in sorted(distinct.values())]
    return np.stack(images)


def scores(checkpoints: dict[str, Path], crops: npt.NDArray[np.uint8], **options: Any) -> npt.NDArray[np.float32]:
    with Detector("original", weights=checkpoints, device="cpu", face_detector="mtcnn", **options) as detector:
        return detector.score_faces(crops).fake_probability


def check_alike(found: npt.NDArray[np.float32], exact: npt.NDArray[np.float32]) -> None:
    assert float(exact.std()) > 0.001  # the crops do differ in their scores
    torch.testing.assert_close(found, exact, rtol=0, atol=FURTHEST)
    assert spearmanr(found, exact).statistic > LEAST_CORRELATION


@pytest.mark.slow
def test_bf16_scores_stay_near_fp32_and_rank_alike(checkpoints: dict[str, Path], crops: npt.NDArray[np.uint8]) -> None:
    assert len(crops) == 39
    exact = scores(checkpoints, crops, precision="fp32")
    check_alike(scores(checkpoints, crops, precision="bf16"), exact)


@pytest.mark.slow
def test_compiled_scores_stay_near_and_rank_alike(
    checkpoints: dict[str, Path], crops: npt.NDArray[np.uint8], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))  # what a killed run left behind is not trusted
    ed: dict[str, Any] = {"checkpoints": {"ed": checkpoints["ed"]}, "crops": crops, "mode": "ed", "precision": "fp32"}
    check_alike(scores(**ed, compile=True), scores(**ed))
