from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from genconvit.core.errors import ConfigError
from genconvit.train.fit import fit

from .small import make_crops, small_config

HERE = Path(__file__).resolve().parent


def in_two_processes(config: Path, *how: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent), *sys.path]), "OMP_NUM_THREADS": "1"}
    start = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = [sys.executable, *start, str(HERE / "worker.py"), str(config), *how]
    return subprocess.run(command, env=environment, text=True, capture_output=True, timeout=600)


@pytest.mark.slow
def test_two_processes_share_the_data_and_end_with_equal_weights(tmp_path: Path) -> None:
    # Nine crops of each class: an epoch is two batches of 2 x 4, and one of 2 x 1.
    crops = make_crops(tmp_path / "crops", count=9)
    options: dict[str, Any] = {"freeze": ("encoder",), "unfreeze_epoch": 1, "ema": 0.5, "self_blended_share": 0.3}
    config = small_config(crops, tmp_path / "out", **options)
    path = tmp_path / "config.json"
    path.write_text(config.model_dump_json())
    done = in_two_processes(path)
    assert done.returncode == 0, done.stderr[-3000:]
    told = [json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in (0, 1)]
    assert [each["processes"] for each in told] == [2, 2]
    shares = [set(map(tuple, each["seen"])) for each in told]
    assert not shares[0] & shares[1]
    assert shares[0] | shares[1] == {(epoch, index) for epoch in (0, 1) for index in range(18)}
    first, second = (load_file(tmp_path / f"rank{rank}.safetensors") for rank in (0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert Path(config.out, "final.safetensors").exists()
    history = Path(config.out, "history.csv").read_text().splitlines()
    assert len(history) == 3
    assert len(json.loads(Path(config.out, "landmarks.json").read_text())["found"]) == 9
    with pytest.raises(ConfigError, match="began with 2 processes, which shared out the data; got 1"):
        fit(config, resume=True)


@pytest.mark.slow
def test_two_processes_of_which_one_is_killed_end_as_two_that_are_not(tmp_path: Path) -> None:
    crops = make_crops(tmp_path / "crops", count=9)
    options: dict[str, Any] = {"ema": 0.5, "epochs": 3, "checkpoint_steps": 2, "accumulation": 2, "batch_size": 2}
    weights = {}
    for name, first in (("whole", ()), ("killed", ("die=5",))):
        path = tmp_path / name / "config.json"
        path.parent.mkdir()
        path.write_text(small_config(crops, tmp_path / name / "out", **options).model_dump_json())
        died = in_two_processes(path, *first)
        assert (died.returncode == 0) == (name == "whole"), died.stderr[-3000:]
        if first:
            resumed = in_two_processes(path, "resume")
            assert resumed.returncode == 0, resumed.stderr[-3000:]
        weights[name] = load_file(tmp_path / name / "out" / "final.safetensors")
    for name, tensor in weights["whole"].items():
        assert float((tensor - weights["killed"][name]).abs().max()) < 1e-6, name
