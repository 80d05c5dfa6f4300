"""Plot of AUC, or of scores, against the strength of each degradation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from genconvit.evaluation.robustness import SPREAD, RobustnessReport, StepSummary
from genconvit.plots.style import COLOURS, GREY, new_figure
from genconvit.results.result import UNTRAINED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_AUC = "ROC AUC, 95 % interval"
_CHANGE = f"change of the score\nmean; {SPREAD[0]} % to {SPREAD[1]} % of videos"
_COLUMNS = 3
_SMALLEST_RANGE = 0.02
"""Smallest range of the axis: what is smaller than this is no change that anybody should see."""

_ABOVE_ONE = 1.01
"""The end of an AUC's axis: no AUC lies above one, but its mark has a size."""


def plot_robustness(measured: RobustnessReport) -> Figure:
    """A panel for each degradation, from the clean frames on the left to the strongest on the right.

    It shows the AUC with its 95 % interval where there are labels of both classes, and else the mean change of the
    scores with the spread of the videos' own changes. Where a degradation works both ways, as brightness does, the
    clean frames are at their place between its strengths. All panels have one scale.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    clean, *steps = measured.steps
    names = list(dict.fromkeys(step.degradation for step in steps))
    count = len(measured.videos)
    figure, panels = new_figure(
        len(names),
        columns=_COLUMNS,
        width=3.5 if len(names) > 1 else 5.5,
        height=2.9,
        title=f"Robustness ({count} video{'' if count == 1 else 's'})",
        note="" if measured.trained else f"{UNTRAINED.upper()}; the curves mean nothing",
    )
    for place, (name, panel) in enumerate(zip(names, panels, strict=True)):
        _draw(panel, _in_order(clean, [step for step in steps if step.degradation == name]), measured.is_labelled)
        if place % _COLUMNS == 0:
            panel.set_ylabel(_AUC if measured.is_labelled else _CHANGE)
        else:
            panel.tick_params(labelleft=False)
    _share_scale(panels, is_auc=measured.is_labelled)
    return figure


def _in_order(clean: StepSummary, steps: Sequence[StepSummary]) -> list[StepSummary]:
    """The steps from left to right, the clean frames among them."""
    weaker = [step for step in steps if step.clean is not None and (step.strength or 0) < step.clean]
    if len(weaker) in (0, len(steps)):
        return [clean, *steps]
    return [*weaker, clean, *steps[len(weaker) :]]


def _draw(panel: Axes, steps: Sequence[StepSummary], is_auc: bool) -> None:
    named = next(step for step in steps if step.strength is not None)
    panel.set_title(named.label, fontsize=10, fontweight="bold")
    panel.set_xlabel(named.unit)
    panel.set_xticks(range(len(steps)), ["clean" if step.strength is None else f"{step.strength:g}" for step in steps])
    panel.set_xlim(-0.3, len(steps) - 0.7)
    points = [(place, *values) for place, step in enumerate(steps) if (values := _values(step, is_auc)) is not None]
    if not points:
        panel.text(0.5, 0.5, "not defined", transform=panel.transAxes, ha="center", color=GREY)
        return
    places, middle, low, high = zip(*points, strict=True)
    panel.fill_between(places, low, high, color=COLOURS[0], alpha=0.18, linewidth=0)
    panel.plot(places, middle, "o-", color=COLOURS[0], markersize=4)
    at = next((point for point in points if steps[point[0]].strength is None), None)
    if at is not None:
        panel.axhline(at[1], color=GREY, linewidth=0.8, linestyle="--")
        panel.plot(at[0], at[1], "o", color=COLOURS[0], markerfacecolor="white", markersize=6)


def _values(step: StepSummary, is_auc: bool) -> tuple[float, float, float] | None:
    """The value, and the ends of its band, which has no height where there is none."""
    if is_auc:
        value, low, high = step.roc_auc.value, step.roc_auc.low, step.roc_auc.high
    else:
        value, low, high = step.mean_change, step.low_change, step.high_change
    if value is None:
        return None
    return value, value if low is None else low, value if high is None else high


def _share_scale(panels: Sequence[Axes], *, is_auc: bool) -> None:
    ends = [panel.dataLim.intervaly for panel in panels if panel.has_data()]
    if not ends:
        return
    low, high = min(min(each) for each in ends), max(max(each) for each in ends)
    room = max(0.06 * (high - low), (_SMALLEST_RANGE - (high - low)) / 2, 0.002)
    low, high = low - room, high + room
    for panel in panels:
        panel.set_ylim(low, min(high, _ABOVE_ONE) if is_auc else high)
        panel.ticklabel_format(axis="y", useOffset=False)
