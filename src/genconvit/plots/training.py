"""Plot of what a training measured, against its steps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from genconvit.plots.style import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PANELS = {
    "loss": ("train_loss", "valid_loss"),
    "valid split": ("roc_auc", "accuracy", "roc_auc_unseen"),
    "learning rate": ("learning_rate",),
}


def plot_training(history: Mapping[str, Sequence[float | None]], *, note: str = "") -> Figure:
    """Curves of the losses, of accuracy and ROC AUC over the valid split as far as they are known, and of the rate.

    Args:
        history: columns of equal length, as those of ``history.csv``, ``step`` among them; None is a gap.
        note: a line below the title.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    figure, panels = new_figure(len(_PANELS), title="Training", note=note)
    steps = history["step"]
    for panel, (title, names) in zip(panels, _PANELS.items(), strict=True):
        for colour, name in zip(COLOURS, names, strict=False):
            if all(value is None for value in history.get(name, ())):
                continue
            values = [math.nan if value is None else value for value in history[name]]
            panel.plot(
                np.array(steps, dtype=np.float64),
                values,
                color=colour,
                marker="o",
                markersize=3,
                label=name.replace("_", " ").replace("roc auc", "ROC AUC"),
            )
        panel.set(title=title, xlabel="step")
        if len(names) > 1:
            panel.legend()
    panels[1].set_ylim(-0.02, 1.02)
    panels[2].set_ylim(bottom=0)
    return figure
