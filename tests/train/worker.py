"""A training of ``small`` in a process of its own: CONFIG.json, then ``resume``, or SECONDS a step, or ``die=STEP``.

Each process writes what it has in the end to rank<N>.safetensors and rank<N>.json beside the config.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from genconvit.train import fit as module
from genconvit.train import parts as parts_module
from genconvit.train.config import TrainConfig
from genconvit.train.data import Data
from genconvit.train.dataset import CropDataset, Example
from genconvit.train.loop import TrainStep
from train.small import register

seen: list[tuple[int, int]] = []
held: list[Any] = []


def main(config_file: str, *how: str) -> None:
    register()
    seconds = sum(float(each) for each in how if each[0].isdigit())
    path = Path(config_file)
    config = TrainConfig.model_validate_json(path.read_text())

    def tell(taken: TrainStep) -> None:
        sys.stdout.write(f"step {taken.step}\n")
        sys.stdout.flush()
        time.sleep(seconds)
        if f"die={taken.step}" in how:
            os.kill(os.getpid(), signal.SIGKILL)

    _watch()
    module.fit(config, resume="resume" in how, tell=tell)
    parts = held[0]
    rank = parts.accelerator.process_index
    save_file(
        {name: value.detach().cpu().contiguous() for name, value in parts.model.named_parameters()},
        path.parent / f"rank{rank}.safetensors",
    )
    told = {"processes": parts.accelerator.num_processes, "kind": str(parts.accelerator.distributed_type), "seen": seen}
    (path.parent / f"rank{rank}.json").write_text(json.dumps(told))


def _watch() -> None:
    """Note which training examples this process reads, and what it trains with."""
    make_parts, read = parts_module.make_parts, CropDataset.__getitem__

    def parts_of(*arguments: Any) -> Any:
        parts = make_parts(*arguments)
        held.append(parts)
        return parts

    def read_and_note(self: CropDataset, index: int) -> list[Example]:
        if self._augment is not None:
            seen.append((self._epoch, index))
        return read(self, index)

    Data.write_preview = lambda *_: None  # type: ignore[method-assign]  # it reads examples too
    vars(module)["make_parts"] = parts_of
    CropDataset.__getitem__ = read_and_note  # type: ignore[method-assign]


if __name__ == "__main__":
    main(*sys.argv[1:])
