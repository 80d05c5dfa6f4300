"""Gain of V2's parts: five variants trained alike on the feature maps of one pair of frozen backbones.

Run it: python -m recipes.nano.ablation --weights DIR/v2.safetensors --crops DIR/crops --json ablation.json

The backbones and the autoencoders of a trained V2 stay as they are. Their feature maps of some thousand training
pairs, augmented once, and of the test split are computed once; on them each variant's own layers are trained from
scratch, with two seeds, for as many steps. So the variants differ in nothing but what joins the maps. A V2 whose
backbones are trained along with it may gain more, or less.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel
from torch import Tensor, nn

from genconvit import Detector
from genconvit.core.fake_probability import face_fake_probability
from genconvit.crops.folder import need, read_crops
from genconvit.metrics.intervals import Resampling, measures_of, paired_differences
from genconvit.metrics.measures import Sample
from genconvit.models.v2 import V2, V2Config
from genconvit.train.augment import AugmentConfig
from genconvit.train.dataset import CropDataset, Fakes
from recipes.nano.faces import Faces, read_faces

Maps = dict[str, tuple[Tensor, ...]]
"""Feature maps by branch, float16 [N, d, h, w], in the head's order."""

Logits = Callable[[Maps], Mapping[str, Tensor]]

VARIANTS: dict[str, dict[str, Any]] = {
    "backbone alone": {"mode": "ed"},
    "both branches (`genconvit`)": {"mode": "genconvit"},
    "`v2`": {"mode": "v2"},
    "`v2` without attention": {"mode": "v2", "attention": False},
    "`v2` without residuals": {"mode": "v2", "residual": False},
}
ALONE, REFERENCE = list(VARIANTS)[:2]
SEEDS = (0, 1)
IMAGE_OF_ED = 1
"""The place of the image's maps among those of the ED branch."""

RECIPE = Path(__file__).resolve().parent


class Result(BaseModel):
    """One variant trained with one seed."""

    variant: str
    """Name of the variant."""

    seed: int
    """Seed of its layers and its order."""

    parameters: int
    """Number of parameters that were trained."""

    roc_auc: float
    """ROC AUC on the test split."""

    low: float
    """Lower end of its 95 % interval, by a bootstrap over originals."""

    high: float
    """Upper end of that interval."""

    gain: float
    """The AUC less that of the reference with the same seed; 0 for that itself."""

    gain_low: float
    """Lower end of its interval."""

    gain_high: float
    """Upper end of that interval."""


class Ablation(BaseModel):
    """Every variant and seed, and what they were trained on."""

    weights_sha256: str
    pairs: int
    steps: int
    results: list[Result]

    def table(self) -> str:
        """Give the table in Markdown."""
        lines = ["| variant | seed | trained parameters | ROC AUC, test | less `genconvit` |", "|---|---|---|---|---|"]
        for each in self.results:
            auc = f"{each.roc_auc:.3f} ({each.low:.3f} to {each.high:.3f})"
            gain = f"{each.gain:+.3f} ({each.gain_low:+.3f} to {each.gain_high:+.3f})"
            shown = "" if each.variant == REFERENCE else gain
            lines.append(f"| {each.variant} | {each.seed} | {each.parameters:,} | {auc} | {shown} |")
        return "\n".join(lines)


@dataclass(frozen=True)
class Plan:
    """Plan of the training of each variant, all alike."""

    steps: int
    batch_size: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    label_smoothing: float = 0.05


@torch.inference_mode()
def maps_of(model: V2, images: Iterator[Tensor]) -> Maps:
    """The feature maps of batches of images, uint8 [n, S, S, 3]."""
    kept: dict[str, list[list[Tensor]]] = {"ed": [[], []], "vae": [[], []]}
    for batch in images:
        faces = model.preprocess(batch).contiguous(memory_format=torch.channels_last)
        for name, reading in model.read(faces).items():
            for place, maps in zip(kept[name], reading.maps, strict=True):
                place.append(maps.half())
    return {name: tuple(torch.cat(place) for place in places) for name, places in kept.items()}


def training_images(crops: Path, size: int, pairs: int) -> tuple[Tensor, Tensor]:
    """Augmented pairs as the recipe makes them: images uint8 [N, S, S, 3] and labels int64 [N], 0 for fake."""
    folder = read_crops(crops)
    recipe = json.loads((RECIPE / "v2.json").read_text(encoding="utf-8"))
    augment = AugmentConfig.model_validate(recipe["augment"])
    records = need(folder.records, "train")
    dataset = CropDataset(folder.root, records, size, augment=augment, fakes=Fakes(pairs=True), seed=1)
    order = np.random.default_rng(0).permutation(len(dataset))
    examples = []
    for index in order:
        item = dataset[int(index)]
        examples += item if len(item) == 2 else []
        if len(examples) >= 2 * pairs:
            break
    return torch.stack([each.image.permute(1, 2, 0) for each in examples]), torch.tensor([e.label for e in examples])


def variant_of(name: str, seed: int) -> tuple[list[nn.Parameter], Logits]:
    """The layers of a variant from scratch, and how maps become logits."""
    torch.manual_seed(seed)
    model = V2(V2Config.model_validate({"size": "nano", **VARIANTS[name]}))
    model.eval()  # no dropout, no statistics: only what joins the maps learns
    if name == ALONE:
        probe = nn.Linear(model.config.map_dim, 2)
        return list(probe.parameters()), lambda maps: {"backbone": probe(maps["ed"][IMAGE_OF_ED].mean(dim=(2, 3)))}
    own = [
        parameter
        for key, parameter in model.named_parameters()
        if ".autoencoder." not in key and (".backbone.net." not in key or ".classifier." in key)
    ]

    def logits(maps: Maps) -> Mapping[str, Tensor]:
        return {branch: model.branch(branch).classify(hidden) for branch, hidden in model.join(maps).items()}

    return own, logits


def trained(name: str, seed: int, maps: Maps, labels: Tensor, plan: Plan) -> tuple[int, Logits]:
    """A variant after its training, and how many parameters learned."""
    parameters, logits = variant_of(name, seed)
    optimiser = torch.optim.AdamW(parameters, lr=plan.learning_rate, weight_decay=plan.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, plan.learning_rate, total_steps=plan.steps)
    chance = np.random.default_rng(seed)
    for _ in range(plan.steps):
        rows = torch.from_numpy(chance.integers(len(labels), size=plan.batch_size))
        found = logits(some(maps, rows))
        loss = sum(
            nn.functional.cross_entropy(each, labels[rows], label_smoothing=plan.label_smoothing)
            for each in found.values()
        )
        optimiser.zero_grad()
        loss.backward()  # type: ignore[union-attr]
        nn.utils.clip_grad_norm_(parameters, 2.0)
        optimiser.step()
        schedule.step()
    return sum(each.numel() for each in parameters), logits


def some(maps: Maps, rows: Tensor) -> Maps:
    """Rows of maps, as float32."""
    return {name: tuple(each[rows].float() for each in pair) for name, pair in maps.items()}


@torch.inference_mode()
def scored(logits: Logits, maps: Maps, faces: Faces) -> Sample:
    """The test split as a variant scores it."""
    batches = torch.split(torch.arange(len(faces)), 256)
    found = [logits(some(maps, rows)) for rows in batches]
    scores = [face_fake_probability({name: values.numpy() for name, values in each.items()}) for each in found]
    return faces.sample(np.concatenate(scores).astype(np.float64))


def main() -> None:
    """Compute the maps, train every variant, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--crops", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=2500)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with Detector("v2", weights=options.weights, device="cpu", precision="fp32", face_detector="mtcnn") as detector:
        ablation = ablate(detector, options.crops, options.pairs, Plan(options.steps))
    print(ablation.table())
    if options.json:
        options.json.write_text(ablation.model_dump_json(indent=1) + "\n", encoding="utf-8")


def ablate(detector: Detector, crops: Path, pairs: int, plan: Plan) -> Ablation:
    """Every variant with every seed."""
    model = detector.model
    if not isinstance(model, V2):
        raise SystemExit(f"the ablation is of a V2; got {type(model).__name__}")
    images, labels = training_images(crops, model.input_size, pairs)
    maps = maps_of(model, iter(torch.split(images, 32)))
    test = read_faces(crops, "test", model.input_size, "test")
    test_maps = maps_of(model, iter(torch.split(torch.from_numpy(test.images), 32)))
    results: list[Result] = []
    for seed in SEEDS:
        samples, sizes = {}, {}
        for name in VARIANTS:
            sizes[name], logits = trained(name, seed, maps, labels, plan)
            samples[name] = scored(logits, test_maps, test)
            print(f"trained: {name}, seed {seed}", flush=True)
        results += [result_of(name, seed, sizes[name], samples) for name in VARIANTS]
    (weights,) = detector.weights.files
    return Ablation(weights_sha256=weights.sha256, pairs=len(labels) // 2, steps=plan.steps, results=results)


def result_of(name: str, seed: int, parameters: int, samples: Mapping[str, Sample]) -> Result:
    """Give the result of a variant, beside the reference with the same seed."""
    resampling = Resampling()
    auc = measures_of(samples[name], resampling)["roc_auc"]
    gain = paired_differences(samples[name], samples[REFERENCE], resampling)["roc_auc"]
    low, high, less, more = (round(value or 0.0, 4) for value in (auc.low, auc.high, gain.low, gain.high))
    return Result(
        variant=name,
        seed=seed,
        parameters=parameters,
        roc_auc=round(auc.value or 0.0, 4),
        low=low,
        high=high,
        gain=round(gain.value or 0.0, 4),
        gain_low=less,
        gain_high=more,
    )


if __name__ == "__main__":
    main()
