"""Measures the networks on one batch beside bare compiled calls of timm's backbones, and how far scores move."""

from functools import partial
from typing import Any

import numpy as np
import torch

from benchmarks.gpu.outcome import tell
from benchmarks.gpu.setting import Setting, chosen
from genconvit.bench.floor import backbone_calls
from genconvit.bench.timing import time_in_turn
from genconvit.core.types import FaceScores
from genconvit.pipeline.scorer import Scorer
from genconvit.pipeline.torch_network import TorchNetwork
from genconvit.registry import ARCHITECTURES
from genconvit.weights.load import load_model, parse_config


def scorer_of(setting: Setting, architecture: str, **options: Any) -> Scorer:  # noqa: ANN401 - the scorer's own
    """An architecture with random weights, the same in every call, on the device."""
    loaded = load_model(architecture, ARCHITECTURES.load(architecture), {"size": setting.size}, "random")
    batch_size = options.pop("batch_size", setting.faces)
    shared: dict[str, Any] = {"precision": setting.precision, "device": torch.device(setting.device)}
    return Scorer(TorchNetwork(loaded.model, **{**shared, **options}), batch_size=batch_size)


def random_faces(scorer: Scorer, count: int) -> torch.Tensor:
    """Crops uint8 [count, size, size, 3] of noise, on the scorer's device."""
    device = scorer.network.device
    generator = torch.Generator(device).manual_seed(0)
    shape = (count, scorer.input_size, scorer.input_size, 3)
    return torch.randint(0, 256, shape, dtype=torch.uint8, device=device, generator=generator)


def main() -> None:
    """Measure both architectures as they are, and then the original compiled, each in turn with the same floor."""
    setting = chosen()
    floor = None
    eager: FaceScores | None = None
    as_they_are: list[tuple[str, dict[str, Any]]] = [("original", {}), ("v2", {})]
    for architecture, options in [*as_they_are, *(("original", each) for each in setting.compiled)]:
        scorer = scorer_of(setting, architecture, **options)
        faces = random_faces(scorer, setting.faces)
        if floor is None:
            config = parse_config(architecture, ARCHITECTURES.load(architecture), {"size": setting.size})
            floor = backbone_calls(scorer, config, [setting.faces], compiled=True)
        if floor is None:
            raise SystemExit(f"{architecture} has no floor")
        scores = scorer.score(faces)
        eager = eager or scores
        times = time_in_turn({"networks": partial(scorer.score, faces), "floor": floor}, setting.repeats)
        seconds = times.seconds("networks")
        tell(
            architecture=architecture,
            variant=options or "eager",
            precision=setting.precision,
            faces=setting.faces,
            seconds=seconds,
            faces_a_second=setting.faces / seconds,
            compiled_timm_seconds=times.seconds("floor"),
            ratio_to_compiled_timm=times.ratio("networks", "floor"),
            furthest_from_eager=furthest(scores, eager) if architecture == "original" else None,
            notes=scorer.notes,
        )


def furthest(scores: FaceScores, others: FaceScores) -> float:
    """The largest difference between the probabilities of the same faces."""
    return float(np.abs(scores.fake_probability - others.fake_probability).max())


if __name__ == "__main__":
    main()
