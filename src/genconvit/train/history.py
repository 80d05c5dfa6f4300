"""Reports of a training while it runs and when it ends: a CSV, TensorBoard, Weights & Biases, and curves."""

from __future__ import annotations

import csv
import importlib.util
import io
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

from genconvit.core.errors import ConfigError
from genconvit.train.config import TrainConfig
from genconvit.train.state import HistoryRow
from genconvit.train.state_files import write_text

HISTORY, CURVES = "history.csv", "curves.png"


def write_history(path: Path, rows: Sequence[HistoryRow]) -> None:
    """Write the history as CSV, whole or not at all; what is not defined is left empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(HistoryRow.model_fields), lineterminator="\n")
    writer.writeheader()
    writer.writerows(row.model_dump() for row in rows)
    write_text(path, text.getvalue())


def write_curves(path: Path, rows: Sequence[HistoryRow]) -> tuple[str, ...]:
    """Draw the history; where matplotlib is not installed, a note says so instead."""
    from genconvit.plots.style import save
    from genconvit.plots.training import plot_training

    columns = {name: [getattr(row, name) for row in rows] for name in HistoryRow.model_fields}
    try:
        figure = plot_training(columns)
    except ConfigError as error:
        return (f"no curves were drawn: {error}",)
    save(figure, path)
    return ()


class Loggers(AbstractContextManager["Loggers"]):
    """Loggers of what is measured while a training runs, as far as they are installed and asked for.

    Args:
        folder: folder of the training.
        config: config of the training.
        step: step that it begins with; what an earlier run wrote beyond it is dropped.

    Raises:
        ConfigError: Weights & Biases is asked for and not installed.
    """

    def __init__(self, folder: Path, config: TrainConfig, step: int) -> None:
        self._board: Any = None
        self._run: Any = None
        if config.tensorboard and importlib.util.find_spec("tensorboard"):
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=step or None)
        if config.wandb:
            try:
                import wandb
            except ImportError as error:
                raise ConfigError(
                    f"wandb={config.wandb!r} needs Weights & Biases ({error}); pip install wandb, or leave it out"
                ) from error

            self._run = wandb.init(project=config.wandb, dir=str(folder), config=config.model_dump(mode="json"))

    def tell(self, values: Mapping[str, float | None], step: int) -> None:
        """Write values of one step; None is left out."""
        known = {name: value for name, value in values.items() if value is not None}
        if self._board is not None:
            for name, value in known.items():
                self._board.add_scalar(name, value, step)
        if self._run is not None:
            self._run.log(known, step=step)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._board is not None:
            self._board.close()
        if self._run is not None:
            self._run.finish(exit_code=0 if error is None else 1)
