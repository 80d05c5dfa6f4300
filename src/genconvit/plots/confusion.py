"""Confusion matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from genconvit.evaluation.evaluated import Evaluated
from genconvit.plots.style import GREY, new_figure, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LABELS = ("FAKE", "REAL")


def plot_confusion(sets: Sequence[Evaluated]) -> Figure:
    """A matrix for each set: how many videos of each truth got each label, and what share of the truth that is.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    figure, panels = new_figure(len(sets), columns=4, width=3.0, height=2.9, title="Confusion: truth and label")
    for panel, each in zip(panels, sets, strict=True):
        _draw(panel, each)
    return figure


def _draw(panel: Axes, each: Evaluated) -> None:
    panel.set_title("\n".join(shown(line) for line in (each.scored.name, each.mark) if line), fontsize=9)
    panel.grid(visible=False)
    table = each.evaluation.confusion
    counts = np.array([[table.fake_as_fake, table.fake_as_real], [table.real_as_fake, table.real_as_real]])
    panel.set_xticks((0, 1), _LABELS)
    panel.set_yticks((0, 1), _LABELS)
    panel.set_xlabel("label")
    panel.set_ylabel("truth")
    if not counts.sum():
        panel.set_xlim(-0.5, 1.5)
        panel.set_ylim(1.5, -0.5)
        panel.text(0.5, 0.5, "no labels", ha="center", va="center", color=GREY)
        return
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    panel.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > 0.55 else "black"
        text = f"{count}\n{100 * shares[row, column]:.1f} %" if counts[row].sum() else "none"
        panel.text(column, row, text, ha="center", va="center", color=colour)
