"""Damaged checkpoints, many of them: each is read or refused, and none brings the process down."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

CASES_PER_FORMAT = 400
READ_ALL = """
import sys
from pathlib import Path
from genconvit import WeightsError
from genconvit.weights.checkpoint import read_tensors
counts = {"read": 0, "refused": 0}
for path in sorted(Path(sys.argv[1]).iterdir()):
    print("reading", path.name, file=sys.stderr, flush=True)
    try:
        checkpoint = read_tensors(path)
        for tensor in checkpoint.tensors.values():
            tensor.float().sum()
        counts["read"] += 1
    except WeightsError:
        counts["refused"] += 1
print(counts["read"], counts["refused"])
"""


def mutated(content: bytes, generator: random.Random) -> bytes:
    """The content with a few bytes changed, a piece cut out or doubled, or the end missing."""
    damaged = bytearray(content)
    start = generator.randrange(len(damaged))
    match generator.randrange(4):
        case 0:
            for _ in range(generator.randint(1, 16)):
                damaged[generator.randrange(min(len(damaged), 2048))] = generator.randrange(256)
        case 1:
            del damaged[start : start + generator.randint(1, 64)]
        case 2:
            damaged[start:start] = damaged[start : start + generator.randint(1, 64)]
        case 3:
            del damaged[start:]
    return bytes(damaged)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
def test_every_damaged_checkpoint_is_read_or_refused(tmp_path: Path, suffix: str) -> None:
    tensors = {f"layer.{number}.weight": torch.randn(7, 5) for number in range(8)}
    whole = tmp_path / f"whole.{suffix}"
    if suffix == "pth":
        torch.save({"state_dict": tensors, "epoch": 3}, whole)
    else:
        save_file(tensors, whole, metadata={"about": "a test"})
    folder = tmp_path / "damaged"
    folder.mkdir()
    generator = random.Random(0)  # noqa: S311 - the same damage in every run
    for number in range(CASES_PER_FORMAT):
        (folder / f"{number:03d}.{suffix}").write_bytes(mutated(whole.read_bytes(), generator))
    command = [sys.executable, "-X", "faulthandler", "-c", READ_ALL, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    read, refused = map(int, done.stdout.split())
    assert read + refused == CASES_PER_FORMAT
    assert refused > CASES_PER_FORMAT // 4
