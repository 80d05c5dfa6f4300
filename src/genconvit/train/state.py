"""State of a training between two steps, beside its tensors: plain data."""

from __future__ import annotations

import math

from pydantic import Field, JsonValue, NonNegativeInt, PositiveInt

from genconvit.core.config import FrozenConfig
from genconvit.core.cut import CropRules
from genconvit.results.provenance import WeightsFile
from genconvit.train.config import Monitor, TrainConfig


class HistoryRow(FrozenConfig):
    """Measurements at the end of some epochs."""

    epoch: PositiveInt
    """The last one, counted from 1."""

    step: PositiveInt
    """Number of steps that had been taken."""

    learning_rate: float
    """Learning rate of the last step."""

    train_loss: float
    """The mean over the steps since the row before."""

    valid_loss: float
    """Mean loss over the valid split."""

    accuracy: float
    """Accuracy over the crops of the valid split, FAKE where the fake probability is above one half."""

    roc_auc: float | None
    """ROC AUC over the same crops; None where it is not defined."""

    roc_auc_unseen: float | None = None
    """ROC AUC of the fakes that are held out, against the same reals; None where there are none. The measures above
    know nothing of them."""

    skipped: NonNegativeInt
    """Images that could not be read since the row before."""

    seconds: float
    """Seconds that the steps since the row before, or since the run was resumed, took."""


class Best(FrozenConfig):
    """The best validation so far."""

    value: float | None = None
    """Value of what is monitored; None where no validation had one."""

    loss: float | None = None
    """Mean loss over the valid split then, which decides between equal values."""

    step: NonNegativeInt = 0
    """Number of steps that had been taken."""

    waited: NonNegativeInt = 0
    """Validations since then."""

    def after(self, row: HistoryRow, monitor: Monitor) -> Best:
        """The best one after one more."""
        value: float | None = {"loss": row.valid_loss, "accuracy": row.accuracy, "roc_auc": row.roc_auc}[monitor]
        sign = -1 if monitor == "loss" else 1
        known = (-math.inf,) if self.value is None or self.loss is None else (sign * self.value, -self.loss)
        if value is not None and (sign * value, -row.valid_loss) > known:
            return Best(value=value, loss=row.valid_loss, step=row.step)
        return self.model_copy(update={"waited": self.waited + 1})


class Running(FrozenConfig):
    """Sums that have gathered since the last row of the history."""

    loss: float = 0.0
    """Sum of the losses of the steps."""

    steps: NonNegativeInt = 0
    """Number of steps."""

    images: NonNegativeInt = 0
    """Number of images that were seen, by all processes."""

    skipped: NonNegativeInt = 0
    """Images that could not be read."""


class TrainState(FrozenConfig):
    """A training between two steps.

    There is no state of a random generator: everything that is drawn in a step depends on the seed, the number of the
    step and the process alone.
    """

    format: int = 1
    """Version of this layout."""

    library_version: str
    """Version of genconvit when it was written."""

    config: TrainConfig
    """Config of the training."""

    architecture_config: dict[str, JsonValue]
    """Architecture config of the model, with what its first weights' file said."""

    made_from: tuple[WeightsFile, ...] = ()
    """The files of the first weights."""

    crop_rules: CropRules = Field(default_factory=dict)
    """Rules by which the crops were cut, for the weights that come of it."""

    fingerprint: str
    """SHA-256 of what the data are: the records of the splits, and the sizes of the images."""

    processes: PositiveInt
    """Number of processes that train together; the order of the examples depends on it."""

    step: NonNegativeInt = 0
    """Number of steps that have been taken."""

    running: Running = Field(default_factory=Running)
    """Sums since the last row of the history."""

    history: tuple[HistoryRow, ...] = ()
    """One row for each validation."""

    best: Best = Field(default_factory=Best)
    """Best validation so far."""

    finished: bool = False
    """True where the training is over."""

    tensors: str = ""
    """The name of the file with the tensors that belong to it."""

    tensors_bytes: NonNegativeInt = 0
    """Size of that file in bytes."""
