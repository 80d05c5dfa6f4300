"""One set's scores against another's, with the videos on which they disagree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from genconvit.evaluation.evaluated import Evaluated
from genconvit.evaluation.paired import matched
from genconvit.plots.scores import SERIES
from genconvit.plots.style import GREY, grid_of, new_figure, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_NAMES = 6
"""Of the videos that differ most; the table of disagreements has them all."""

_LONGEST_NAME = 24


def plot_agreement(sets: Sequence[Evaluated]) -> Figure:
    """A panel for each set but the first: its scores against the first's, a dot a video.

    Videos on which the labels differ (the sides of the threshold, where weights are untrained) get a ring, and those
    that are furthest apart their name.

    Raises:
        ConfigError: matplotlib is not installed.
        ValueError: there is only one set.
    """
    if len(sets) < 2:
        raise ValueError(f"agreement needs two sets or more; got {len(sets)}")
    first, *others = sets
    rows, columns = grid_of(len(others))
    figure, panels = new_figure(rows, columns, width=4.0, height=4.0, title=f"Scores against those of {first.title}")
    for panel, other in zip(panels, others, strict=False):
        _draw(panel, first, other)
    for panel in panels[len(others) :]:
        panel.set_axis_off()
    return figure


def _draw(panel: Axes, first: Evaluated, other: Evaluated) -> None:
    pairs = [(first.scored.rows[a], other.scored.rows[b]) for a, b in matched(first.scored, other.scored)]
    points = [(a.score, b.score, a) for a, b in pairs if a.score is not None and b.score is not None]
    lines = [0.5 if each.evaluation.threshold is None else each.evaluation.threshold for each in (first, other)]
    for truth, (name, colour) in SERIES.items():
        own = [(x, y) for x, y, row in points if row.truth == truth]
        if own:
            panel.scatter(
                [x for x, _ in own], [y for _, y in own], s=14, color=colour, alpha=0.6, label=f"{name} ({len(own)})"
            )
    apart = [(x, y, row) for x, y, row in points if (x > lines[0]) != (y > lines[1])]
    if apart:
        xs, ys = [x for x, _, _ in apart], [y for _, y, _ in apart]
        panel.scatter(xs, ys, s=52, facecolors="none", edgecolors="black", label=f"other side ({len(apart)})")
    for x, y, row in sorted(apart, key=lambda point: -abs(point[0] - point[1]))[:MOST_NAMES]:
        name = row.name if len(row.name) <= _LONGEST_NAME else f"...{row.name[3 - _LONGEST_NAME :]}"
        right = x < 0.5
        panel.annotate(
            shown(name), (x, y), (6 if right else -6, 0), textcoords="offset points", fontsize=6, va="center",
            ha="left" if right else "right",
        )  # fmt: skip
    panel.plot((0, 1), (0, 1), color=GREY, linewidth=0.8, linestyle=":")
    panel.axvline(lines[0], color=GREY, linewidth=0.8, linestyle="--")
    panel.axhline(lines[1], color=GREY, linewidth=0.8, linestyle="--")
    panel.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xlabel=shown(first.scored.name), ylabel=shown(other.scored.name))
    panel.set_aspect("equal")
    panel.set_title(shown(other.title), fontsize=9)
    if not points:
        panel.text(0.5, 0.5, "no scores for the same videos", ha="center", va="center", color=GREY)
        return
    panel.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
