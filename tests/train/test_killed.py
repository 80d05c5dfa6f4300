from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

from genconvit.train.fit import fit

from .small import make_crops, small_config

HERE = Path(__file__).resolve().parent


@pytest.mark.slow
@pytest.mark.usefixtures("small", "no_curves")
def test_a_run_that_is_killed_in_an_epoch_ends_as_one_that_is_not(tmp_path: Path) -> None:
    crops = make_crops(tmp_path / "crops")
    options = {"ema": 0.9, "epochs": 4, "checkpoint_steps": 2}
    whole = fit(small_config(crops, tmp_path / "whole", **options))
    config = small_config(crops, tmp_path / "killed", **options)
    path = tmp_path / "config.json"
    path.write_text(config.model_dump_json())
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent), *sys.path]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(HERE / "worker.py"), str(path), "0.3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line == "step 5\n":  # of 12, three an epoch
                process.kill()
        assert process.wait() == -9
    assert not Path(config.out, "final.safetensors").exists()
    resumed = fit(config, resume=True)
    assert resumed.steps == whole.steps == 12
    one, other = load_file(whole.final), load_file(resumed.final)
    assert max(float((one[name] - other[name]).abs().max()) for name in one) < 1e-6
    assert [row.valid_loss for row in resumed.history] == pytest.approx([row.valid_loss for row in whole.history])
