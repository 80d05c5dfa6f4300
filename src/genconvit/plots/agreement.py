"""One set's scores against another's, with the videos on which they disagree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from genconvit.evaluation.evaluated import Evaluated
from genconvit.evaluation.paired import matched
from genconvit.evaluation.scored import ScoredVideo
from genconvit.plots.scores import SERIES
from genconvit.plots.style import GREY, new_figure, shown

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_NAMES = 6
"""Most names of the videos that differ most; the table of disagreements has them all."""

_LONGEST_NAME = 32


def plot_agreement(sets: Sequence[Evaluated]) -> Figure:
    """A panel for each set but the first: its scores against the first's, a dot a video.

    Videos that lie on different sides of the thresholds get a ring, and those whose scores are furthest apart a number,
    which is explained below.

    Raises:
        ConfigError: matplotlib is not installed.
        ValueError: there is only one set.
    """
    if len(sets) < 2:
        raise ValueError(f"agreement needs two sets or more; got {len(sets)}")
    first, *others = sets
    figure, panels = new_figure(len(others), width=4.0, height=5.0, title=f"Scores against those of {first.title}")
    handles: dict[str, Artist] = {}
    for panel, other in zip(panels, others, strict=True):
        _draw(panel, first, other)
        handles |= {label: handle for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)}
    if handles:
        figure.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=len(handles), fontsize=8)
    return figure


def _draw(panel: Axes, first: Evaluated, other: Evaluated) -> None:
    pairs = [(first.scored.rows[a], other.scored.rows[b]) for a, b in matched(first.scored, other.scored)]
    points = [(a.score, b.score, a) for a, b in pairs if a.score is not None and b.score is not None]
    lines = [each.evaluation.boundary for each in (first, other)]
    for truth, (name, colour) in SERIES.items():
        own = [(x, y) for x, y, row in points if row.truth == truth]
        if own:
            panel.scatter([x for x, _ in own], [y for _, y in own], s=14, color=colour, alpha=0.6, label=name)
    apart = sorted(
        ((x, y, row) for x, y, row in points if (x > lines[0]) != (y > lines[1])),
        key=lambda point: -abs(point[0] - point[1]),
    )
    if apart:
        ring: dict[str, Any] = {"s": 52, "facecolors": "none", "edgecolors": "black", "linewidths": 0.8}
        panel.scatter([x for x, _, _ in apart], [y for _, y, _ in apart], label="different sides", **ring)
    for number, (x, y, _) in enumerate(apart[:MOST_NAMES], 1):
        panel.annotate(str(number), (x, y), (5, 3), textcoords="offset points", fontsize=7)
    panel.plot((0, 1), (0, 1), color=GREY, linewidth=0.8, linestyle=":")
    panel.axvline(lines[0], color=GREY, linewidth=0.8, linestyle="--")
    panel.axhline(lines[1], color=GREY, linewidth=0.8, linestyle="--")
    panel.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), ylabel=shown(other.scored.name))
    panel.set_title(shown(other.title), fontsize=9)
    panel.set_xlabel("\n".join([shown(first.scored.name), *_listed(apart)]), fontsize=8)
    if not points:
        panel.text(0.5, 0.5, "no scores for the same videos", ha="center", va="center", color=GREY)


def _listed(apart: Sequence[tuple[float, float, ScoredVideo]]) -> list[str]:
    """The lines below a panel that name its numbered videos."""
    lines = []
    for number, (x, y, row) in enumerate(apart[:MOST_NAMES], 1):
        name = row.name if len(row.name) <= _LONGEST_NAME else f"...{row.name[3 - _LONGEST_NAME :]}"
        lines.append(f"{number}: {shown(name)}, {x:.3f} and {y:.3f}")
    more = len(apart) - MOST_NAMES
    return lines + ([f"and {more} more on different sides"] if more > 0 else [])
