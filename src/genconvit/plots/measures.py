"""Measures of several sets side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from genconvit.evaluation.evaluated import Evaluated
from genconvit.evaluation.tables import number
from genconvit.metrics.measures import MEASURES
from genconvit.plots.style import COLOURS, GREY, new_figure, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = ("accuracy", "balanced_accuracy", "f1", "roc_auc", "average_precision", "eer")

_COLUMNS = 3
_NOTE: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7, "color": GREY}
_VALUE: dict[str, Any] = {"ha": "center", "va": "bottom", "fontsize": 7}


def plot_measures(sets: Sequence[Evaluated]) -> Figure:
    """A panel for each of six measures, in it a dot and a 95 % interval for each set; each has its own scale.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    title = "Measures, with 95 % intervals (each with its own scale)"
    height = 0.9 + 0.4 * len(sets)
    figure, panels = new_figure(len(SHOWN), columns=_COLUMNS, width=3.6, height=height, title=title)
    for place, (name, panel) in enumerate(zip(SHOWN, panels, strict=True)):
        _draw(panel, name, sets)
        panel.set_yticks(range(len(sets)), [shown(each.title) for each in sets])
        if place % _COLUMNS:
            panel.tick_params(labelleft=False)
    return figure


def _draw(panel: Axes, name: str, sets: Sequence[Evaluated]) -> None:
    kind = MEASURES[name]
    panel.set_title(kind.title if kind.better == "high" else f"{kind.title} (lower is better)")
    ends = []
    for place, each in enumerate(sets):
        measure = each.evaluation.measures[name]
        if measure.value is None:
            panel.text(0.5, place, f"not defined: {measure.why_not}", transform=panel.get_yaxis_transform(), **_NOTE)
            continue
        if measure.low is not None and measure.high is not None:
            panel.plot((measure.low, measure.high), (place, place), "|-", color=COLOURS[0], markersize=7)
        fill = "white" if each.scored.trained is False else COLOURS[0]
        panel.plot(measure.value, place, "o", color=COLOURS[0], markerfacecolor=fill, markersize=4.5, clip_on=False)
        panel.annotate(
            number(name, measure.value), (measure.value, place), (0, 5), textcoords="offset points", **_VALUE
        )
        ends += [end for end in (measure.low, measure.value, measure.high) if end is not None]
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    room = max(0.12 * (high - low), 0.02)
    panel.set_xlim(max(low - room, -0.005), min(high + room, 1.005))
    panel.set_ylim(len(sets) - 0.5, -0.6)
