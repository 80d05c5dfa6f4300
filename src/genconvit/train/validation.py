"""How good a model is over the valid split."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from genconvit.aggregate import face_fake_probability
from genconvit.errors import TrainingError
from genconvit.metrics.measures import Sample, measure_values
from genconvit.models.base import Architecture
from genconvit.train.dataset import Batch
from genconvit.train.losses import LossWeights, training_loss


@dataclass(frozen=True)
class Validation:
    """What was measured over the valid split.

    Attributes:
        loss: the mean over the crops.
        accuracy: of FAKE where the fake probability is above one half.
        roc_auc: None where it is not defined, as where every score is the same.
    """

    loss: float
    accuracy: float
    roc_auc: float | None


def validate(model: Architecture, batches: Iterable[Batch], weights: LossWeights, accelerator: Any) -> Validation:  # noqa: ANN401 - accelerate is optional
    """Measure a model; every process takes its share of the batches and gets the same answer.

    Args:
        model: as it is, not wrapped for several processes; it is left in evaluation mode.
        batches: this process's share.
        weights: of the parts of the loss.
        accelerator: knows the device, the precision and the other processes.

    Raises:
        TrainingError: no image of the split could be read.
        WeightsError: a score is not finite.
    """
    from accelerate.utils import gather_object

    model.eval()
    rows: list[tuple[float, bool, float]] = []
    for batch in batches:
        if not len(batch.labels):
            continue
        labels = batch.labels.to(accelerator.device)
        with torch.no_grad(), accelerator.autocast():
            faces = model.preprocess(batch.images.to(accelerator.device).permute(0, 2, 3, 1))
            output = model(faces)
        loss = sum(float(part) for part in training_loss(output, faces, labels, weights).values())
        scores = face_fake_probability({name: logits.float() for name, logits in output.logits.items()})
        rows += [(score, label == 0, loss) for score, label in zip(scores.tolist(), batch.labels.tolist(), strict=True)]
    return measured(gather_object(rows))


def measured(rows: list[tuple[float, bool, float]]) -> Validation:
    """What follows from the fake probability, the truth (True for fake) and the loss of each crop."""
    if not rows:
        raise TrainingError("not one image of the valid split could be read; look at the folder of crops")
    scores, truth, losses = (np.array(column) for column in zip(*rows, strict=True))
    sample = Sample(
        truth=truth.astype(np.bool_),
        scores=scores.astype(np.float64),
        predicted=(scores > 0.5).astype(np.int8),
        clusters=np.arange(len(rows)),
    )
    values = measure_values(sample)
    accuracy, roc_auc = values["accuracy"], values["roc_auc"]
    return Validation(
        loss=float(losses.mean()),
        accuracy=float(accuracy),
        roc_auc=None if isinstance(roc_auc, str) else roc_auc,
    )
