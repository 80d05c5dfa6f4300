"""Doubles the batch until the device's memory is full, and tells whether the scores are the same then.

A rehearsal has no such limit; there the networks refuse more than so many faces, as a full GPU would.
"""

from typing import Any, cast

import numpy as np
import torch
from torch import nn

from benchmarks.gpu.networks import random_faces, scorer_of
from benchmarks.gpu.outcome import tell
from benchmarks.gpu.setting import Setting, chosen
from genconvit.pipeline.scorer import Scorer
from genconvit.pipeline.torch_network import TorchNetwork

MOST_FACES = 1 << 16


def limited(setting: Setting, batch_size: int) -> Scorer:
    """A scorer of the original, on a device whose memory has an end."""
    scorer = scorer_of(setting, "original", batch_size=batch_size)
    limit = setting.memory_limit

    def refuse(_: nn.Module, inputs: tuple[Any, ...]) -> None:
        if limit is not None and len(inputs[0]) > limit:
            raise torch.OutOfMemoryError(f"the rehearsal's limit is {limit} faces")

    cast("TorchNetwork", scorer.network).model.register_forward_pre_hook(refuse)
    return scorer


def peak_gib(setting: Setting) -> float | None:
    """The most memory that PyTorch had in use since this was asked last."""
    if setting.device == "cpu":
        return None
    peak = torch.cuda.max_memory_allocated() / 2**30
    torch.cuda.reset_peak_memory_stats()
    return round(peak, 2)


def main() -> None:
    """Score one batch of each size, up to the one that does not fit."""
    setting = chosen()
    size = setting.faces
    scorer = limited(setting, size)
    few = random_faces(scorer, size)
    expected = scorer.score(few).fake_probability
    while size <= MOST_FACES:
        scorer.batch_size = size
        repeated = few.repeat(size // len(few), 1, 1, 1)
        found = scorer.score(repeated).fake_probability
        moved = float(np.abs(found.reshape(-1, len(few)) - expected).max())
        tell(
            faces=size,
            taken_at_once=scorer.batch_size,
            survived=len(found) == size,
            furthest_from_a_small_batch=moved,
            peak_gib=peak_gib(setting),
            notes=scorer.notes,
        )
        if scorer.batch_size < size:
            return
        size *= 2
    raise SystemExit(f"memory was not full with {MOST_FACES} faces")


if __name__ == "__main__":
    main()
