"""Measures of several sets side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from genconvit.evaluation.evaluated import Evaluated
from genconvit.metrics.measures import MEASURES
from genconvit.plots.style import COLOURS, GREY, grid_of, new_figure, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = ("accuracy", "balanced_accuracy", "f1", "roc_auc", "average_precision", "eer")


def plot_measures(sets: Sequence[Evaluated]) -> Figure:
    """A panel for each of six measures, in it a dot and a 95 % interval for each set.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    rows, columns = grid_of(len(SHOWN))
    height = 0.9 + 0.32 * len(sets)
    figure, panels = new_figure(rows, columns, width=3.6, height=height, title="Measures, with 95 % intervals")
    for number, (name, panel) in enumerate(zip(SHOWN, panels, strict=True)):
        _draw(panel, name, sets)
        panel.set_yticks(range(len(sets)), [shown(each.title) for each in sets])
        if number % columns:
            panel.tick_params(labelleft=False)
    return figure


def _draw(panel: Axes, name: str, sets: Sequence[Evaluated]) -> None:
    kind = MEASURES[name]
    panel.set_title(kind.title if kind.better == "high" else f"{kind.title} (lower is better)")
    for place, each in enumerate(sets):
        measure = each.evaluation.measures[name]
        if measure.value is None:
            panel.text(0.02, place, f"not defined: {measure.why_not}", va="center", fontsize=7, color=GREY)
            continue
        if measure.low is not None and measure.high is not None:
            panel.plot((measure.low, measure.high), (place, place), color=COLOURS[0], linewidth=2, alpha=0.5)
        hollow = each.scored.trained is False
        panel.plot(measure.value, place, "o", color=COLOURS[0], markerfacecolor="white" if hollow else COLOURS[0])
    panel.set_xlim(-0.03, 1.03)
    panel.set_ylim(len(sets) - 0.5, -0.5)
