"""Measures of a model over the valid split."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from genconvit.core.errors import TrainingError
from genconvit.core.fake_probability import face_fake_probability
from genconvit.metrics.measures import Sample, measure_values
from genconvit.models.base import Architecture
from genconvit.nn.channels_last import images_in_channels_last
from genconvit.train.dataset import FAKE, Batch
from genconvit.train.losses import LossWeights, training_loss
from genconvit.train.processes import Accelerator


class Row(NamedTuple):
    """Score of a crop of the valid split, with its truth and loss.

    Attributes:
        score: fake probability of the crop.
        is_fake: the truth: True for a fake.
        loss: loss of its batch.
    """

    score: float
    is_fake: bool
    loss: float


@dataclass(frozen=True)
class Validation:
    """Measures over the valid split.

    Attributes:
        loss: mean loss over the crops.
        accuracy: accuracy of the labels, FAKE where the fake probability is above one half.
        roc_auc: area under the ROC curve; None where it is not defined, as where every score is the same.
        roc_auc_unseen: area for the fakes that are held out, against the same reals; None where there are none. The
            other measures know nothing of them.
    """

    loss: float
    accuracy: float
    roc_auc: float | None
    roc_auc_unseen: float | None = None


def scored(
    model: Architecture, batches: Iterable[Batch], loss_weights: LossWeights, accelerator: Accelerator
) -> list[Row]:
    """Score crops; every process takes its share of the batches and gets the rows of all.

    Args:
        model: model as it is, not wrapped for several processes; it is left in evaluation mode.
        batches: batches that are this process's share.
        loss_weights: weights of the parts of the loss.
        accelerator: accelerator, which knows the device, the precision and the other processes.

    Raises:
        WeightsError: a score is not finite.
    """
    from accelerate.utils import gather_object

    model.eval()
    rows: list[Row] = []
    for batch in batches:
        if not len(batch.labels):
            continue
        labels = batch.labels.to(accelerator.device)
        with torch.no_grad(), accelerator.autocast():
            faces = model.preprocess(batch.images.to(accelerator.device).permute(0, 2, 3, 1))
            faces = images_in_channels_last(faces)
            output = model(faces)
        loss = sum(float(part) for part in training_loss(output, faces, labels, loss_weights).values())
        scores = face_fake_probability({name: logits.float().cpu().numpy() for name, logits in output.logits.items()})
        known = zip(scores.tolist(), batch.labels.tolist(), strict=True)
        rows += [Row(score, label == FAKE, loss) for score, label in known]
    gathered: list[Row] = gather_object(rows)
    return gathered


def measured(rows: Sequence[Row], unseen: Sequence[Row] = ()) -> Validation:
    """Measure the rows of the valid split, and those of the fakes that are held out.

    Raises:
        TrainingError: no image of the split could be read.
    """
    if not rows:
        raise TrainingError("not one image of the valid split could be read; look at the folder of crops")
    values = _values(rows)
    accuracy, roc_auc = values["accuracy"], values["roc_auc"]
    beside = _values([*(row for row in rows if not row.is_fake), *unseen])["roc_auc"] if unseen else "none"
    return Validation(
        loss=float(np.mean([row.loss for row in rows])),
        accuracy=float(accuracy),
        roc_auc=None if isinstance(roc_auc, str) else roc_auc,
        roc_auc_unseen=None if isinstance(beside, str) else beside,
    )


def _values(rows: Sequence[Row]) -> Mapping[str, float | str]:
    scores = np.array([row.score for row in rows], dtype=np.float64)
    sample = Sample(
        truth=np.array([row.is_fake for row in rows], dtype=np.bool_),
        scores=scores,
        predicted=(scores > 0.5).astype(np.int8),
        clusters=np.arange(len(rows)),
    )
    return measure_values(sample)
