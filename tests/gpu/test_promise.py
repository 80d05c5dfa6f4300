"""A test for a GPU is skipped without one, fails where one is promised, and runs on the CPU in a rehearsal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
@pytest.mark.parametrize(
    ("promise", "status", "printed"),
    [
        ("", 0, "1 skipped"),
        ("1", 1, "GENCONVIT_GPU=1 promises a CUDA device, and there is none"),
        ("rehearse", 0, "1 passed"),
    ],
)
def test_a_missing_gpu_skips_unless_it_is_promised_or_rehearsed(promise: str, status: int, printed: str) -> None:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", "gpu", "tests/video/test_arrays.py"]
    environment = {**os.environ, "GENCONVIT_GPU": promise}
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, cwd=ROOT, env=environment)
    assert done.returncode == status, done.stdout
    assert printed in done.stdout
