"""Plot of the distribution of scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from genconvit.evaluation.evaluated import Evaluated
from genconvit.plots.style import COLOURS, GREY, new_figure, shown
from genconvit.results.result import Label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SERIES: dict[Label | None, tuple[str, str]] = {
    "REAL": ("real", COLOURS[0]),
    "FAKE": ("fake", COLOURS[1]),
    None: ("label unknown", GREY),
}
_EDGES = [number / 20 for number in range(21)]


def plot_scores(sets: Sequence[Evaluated]) -> Figure:
    """A histogram of the scores of each set, by truth; videos without a score are left out and counted.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    figure, panels = new_figure(len(sets), columns=2, width=4.6, height=2.7, title="Scores (0 is real, 1 is fake)")
    for panel, each in zip(panels, sets, strict=True):
        _draw(panel, each)
    return figure


def _draw(panel: Axes, each: Evaluated) -> None:
    from matplotlib.ticker import MaxNLocator

    rows = each.scored.rows
    for truth, (name, colour) in SERIES.items():
        scores = [row.score for row in rows if row.truth == truth and row.score is not None]
        if scores:
            panel.hist(scores, _EDGES, color=colour, alpha=0.55, label=f"{name} ({len(scores)})")
    without = sum(row.score is None for row in rows)
    if without:
        panel.plot([], [], " ", label=f"without a score ({without})")
    line = each.evaluation.boundary
    panel.axvline(line, color=GREY, linewidth=0.8, linestyle="--", label=f"threshold {line:.3g}")
    panel.set_title(shown(each.title))
    panel.set(xlabel="score", ylabel="videos", xlim=(-0.01, 1.01))
    panel.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    panel.legend(fontsize=7)
