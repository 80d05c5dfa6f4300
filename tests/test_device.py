from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from genconvit import Detector
from genconvit.device import Precision, resolve_device, resolve_precision
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


@pytest.mark.parametrize("choice", ["fp32", "bf16"])
def test_a_precision_that_was_asked_for_is_taken(choice: Precision) -> None:
    assert resolve_precision(choice, torch.device("cpu")) == choice


@pytest.mark.parametrize(
    ("has", "precision"),
    [({"amx_bf16": True}, "bf16"), ({"avx512_bf16": True}, "bf16"), ({"avx512_f": True, "avx2": True}, "fp32")],
    ids=["AMX", "AVX512-BF16", "AVX-512 alone"],
)
def test_auto_takes_bf16_where_the_cpu_computes_in_it(
    monkeypatch: pytest.MonkeyPatch, has: dict[str, bool], precision: str
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: has, raising=False)
    assert resolve_precision("auto", torch.device("cpu")) == precision


def test_auto_asks_an_older_torch_in_its_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    assert resolve_precision("auto", torch.device("cpu")) == "bf16"


def test_auto_leaves_mps_in_fp32() -> None:
    assert resolve_precision("auto", torch.device("mps")) == "fp32"


def test_the_result_says_which_precision_auto_took(detector: Detector, portrait_clip: Path) -> None:
    taken = resolve_precision("auto", torch.device("cpu"))
    assert detector.config.precision == "auto"
    assert detector.predict(portrait_clip).provenance.precision == taken


def needs_cuda() -> None:
    if not torch.cuda.is_available():
        assert os.environ.get("GENCONVIT_GPU") != "1", "a GPU was promised and is not there"
        pytest.skip("needs a CUDA device")


@pytest.mark.gpu
def test_scores_on_a_gpu_agree_with_the_cpu() -> None:
    needs_cuda()
    faces = np.random.default_rng(0).integers(0, 256, (4, 224, 224, 3), np.uint8)
    found = {}
    for device in ("cpu", "cuda"):
        with Detector("original", weights="random", device=device, precision="fp32") as detector:
            found[device] = detector.score_faces(faces)
    torch.testing.assert_close(found["cuda"].fake_probability, found["cpu"].fake_probability, rtol=0, atol=1e-3)


@pytest.mark.gpu
@pytest.mark.parametrize("options", [{}, {"compile": True}, {"cuda_graphs": True, "batch_size": 8}], ids=str)
def test_a_clip_on_a_gpu_agrees_with_the_cpu(portrait_clip: Path, options: dict[str, Any]) -> None:
    needs_cuda()
    shared: dict[str, Any] = {"mode": "ed", "weights": "random", "face_detector": "mtcnn", "frames": 12}
    with Detector("original", device="cpu", precision="fp32", **shared) as detector:
        on_cpu = detector.predict(portrait_clip)
    with Detector("original", device="cuda", precision="bf16", **shared, **options) as detector:
        (on_gpu,) = detector.predict_many([portrait_clip])
    assert len(on_gpu.faces) == len(on_cpu.faces)
    assert on_gpu.fake_probability == pytest.approx(on_cpu.fake_probability, abs=0.01)
    assert (on_gpu.provenance.device, on_gpu.provenance.precision) == ("cuda", "bf16")


@pytest.mark.gpu
def test_a_gpu_without_room_halves_the_batch() -> None:
    needs_cuda()
    faces = np.random.default_rng(0).integers(0, 256, (512, 224, 224, 3), np.uint8)
    with Detector("original", mode="ed", weights="random", device="cuda", batch_size=512) as detector:
        free, _ = torch.cuda.mem_get_info()
        hoard = torch.empty(free - 2_000_000_000, dtype=torch.uint8, device="cuda")
        scores = detector.score_faces(faces)
        del hoard
    assert len(scores) == 512
