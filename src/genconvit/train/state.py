"""What a training knows of itself between two steps, beside its tensors: plain data."""

from __future__ import annotations

import math

from pydantic import Field, JsonValue, NonNegativeInt, PositiveInt

from genconvit.core.config import FrozenConfig
from genconvit.core.cut import CropRules
from genconvit.results.result import WeightsFile
from genconvit.train.config import Monitor, TrainConfig


class HistoryRow(FrozenConfig):
    """What was measured at the end of some epochs.

    Attributes:
        epoch: the last one, counted from 1.
        step: how many steps had been taken.
        learning_rate: of the last step.
        train_loss: the mean over the steps since the row before.
        valid_loss: over the valid split.
        accuracy: of FAKE where the fake probability is above one half, over the crops of the valid split.
        roc_auc: over the same; None where it is not defined.
        roc_auc_unseen: of the fakes that are held out, against the same reals; None where there are none. The measures
            above know nothing of them.
        skipped: images that could not be read since the row before.
        seconds: that the steps since the row before, or since the run was resumed, took.
    """

    epoch: PositiveInt
    step: PositiveInt
    learning_rate: float
    train_loss: float
    valid_loss: float
    accuracy: float
    roc_auc: float | None
    roc_auc_unseen: float | None = None
    skipped: NonNegativeInt
    seconds: float


class Best(FrozenConfig):
    """The best validation so far.

    Attributes:
        value: of what is monitored; None where no validation had one.
        loss: over the valid split then, which decides between equal values.
        step: how many steps had been taken.
        waited: validations since then.
    """

    value: float | None = None
    loss: float | None = None
    step: NonNegativeInt = 0
    waited: NonNegativeInt = 0

    def after(self, row: HistoryRow, monitor: Monitor) -> Best:
        """The best one after one more."""
        value: float | None = {"loss": row.valid_loss, "accuracy": row.accuracy, "roc_auc": row.roc_auc}[monitor]
        sign = -1 if monitor == "loss" else 1
        known = (-math.inf,) if self.value is None or self.loss is None else (sign * self.value, -self.loss)
        if value is not None and (sign * value, -row.valid_loss) > known:
            return Best(value=value, loss=row.valid_loss, step=row.step)
        return self.model_copy(update={"waited": self.waited + 1})


class Running(FrozenConfig):
    """What has gathered since the last row of the history.

    Attributes:
        loss: the sum over the steps.
        steps: how many.
        images: that were seen, by all processes.
        skipped: images that could not be read.
    """

    loss: float = 0.0
    steps: NonNegativeInt = 0
    images: NonNegativeInt = 0
    skipped: NonNegativeInt = 0


class TrainState(FrozenConfig):
    """A training between two steps.

    There is no state of a random generator: everything that is drawn in a step depends on the seed, the number of the
    step and the process alone.

    Attributes:
        format: of this layout.
        library_version: of genconvit when it was written.
        config: of the training.
        architecture_config: of the model, with what its first weights' file said.
        made_from: the files of the first weights.
        crop_rules: how the crops were cut, for the weights that come of it.
        fingerprint: SHA-256 of what the data are: the records of the splits, and the sizes of the images.
        processes: how many train together; the order of the examples depends on it.
        step: how many steps have been taken.
        running: since the last row of the history.
        history: one row for each validation.
        best: the best of them.
        finished: whether the training is over.
        tensors: the name of the file with the tensors that belong to it.
        tensors_bytes: its size.
    """

    format: int = 1
    library_version: str
    config: TrainConfig
    architecture_config: dict[str, JsonValue]
    made_from: tuple[WeightsFile, ...] = ()
    crop_rules: CropRules = Field(default_factory=dict)
    fingerprint: str
    processes: PositiveInt
    step: NonNegativeInt = 0
    running: Running = Field(default_factory=Running)
    history: tuple[HistoryRow, ...] = ()
    best: Best = Field(default_factory=Best)
    finished: bool = False
    tensors: str = ""
    tensors_bytes: NonNegativeInt = 0
