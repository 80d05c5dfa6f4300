from __future__ import annotations

import os

import numpy as np
import pytest
import torch

from genconvit import Detector
from genconvit.device import resolve_device
from genconvit.errors import ConfigError


def test_auto_takes_what_is_there() -> None:
    wanted = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    assert resolve_device("auto").type == wanted
    assert resolve_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "", "cpu cpu"])
def test_a_name_that_is_no_device_is_an_error(name: str) -> None:
    with pytest.raises(ConfigError, match="is no device; use 'auto'"):
        resolve_device(name)


@pytest.mark.parametrize("name", ["cuda:99", "cpu:7", "meta", "xpu"])
def test_a_device_that_is_not_there_is_never_replaced(name: str) -> None:
    with pytest.raises(ConfigError, match="not available here"):
        resolve_device(name)


@pytest.mark.gpu
def test_scores_on_a_gpu_agree_with_the_cpu() -> None:
    if not torch.cuda.is_available():
        assert os.environ.get("GENCONVIT_GPU") != "1", "a GPU was promised and is not there"
        pytest.skip("needs a CUDA device")
    faces = np.random.default_rng(0).integers(0, 256, (4, 224, 224, 3), np.uint8)
    found = {}
    for device in ("cpu", "cuda"):
        with Detector("original", weights="random", device=device) as detector:
            found[device] = detector.score_faces(faces)
    torch.testing.assert_close(found["cuda"].fake_probability, found["cpu"].fake_probability, rtol=0, atol=1e-3)
