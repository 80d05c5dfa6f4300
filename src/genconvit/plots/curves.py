"""ROC and precision-recall curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from genconvit.core.optional import require
from genconvit.evaluation.evaluated import Evaluated
from genconvit.plots.style import COLOURS, GREY, new_figure, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LINES = ("-", "--", ":", "-.")


def plot_curves(sets: Sequence[Evaluated]) -> Figure:
    """The ROC curve of each set on the left, its precision-recall curve on the right.

    A set without both classes, or with one score for all, has no curve; the legend says so.

    Raises:
        ConfigError: matplotlib or scikit-learn is not installed.
    """
    require("sklearn", package="scikit-learn", extra="metrics", purpose="a curve")
    from sklearn.metrics import precision_recall_curve, roc_curve

    figure, (roc, recall) = new_figure(2, width=4.6, height=4.4)
    for number, each in enumerate(sets):
        style: dict[str, Any] = {
            "color": COLOURS[number % len(COLOURS)],
            "linestyle": _LINES[number // len(COLOURS) % len(_LINES)],
        }
        area, precision = (each.evaluation.measures[name] for name in ("roc_auc", "average_precision"))
        if area.value is None or precision.value is None:
            for panel in (roc, recall):
                panel.plot([], [], label=shown(f"{each.title}: none, {area.why_not}"), **style)
            continue
        counted = each.counted
        truth = np.array([row.truth == "FAKE" for row in counted])
        scores = np.array([row.score for row in counted])
        fpr, tpr, _ = roc_curve(truth, scores)
        roc.plot(fpr, tpr, label=shown(f"{each.title}: area {area.value:.4f}"), **style)
        found, share, _ = precision_recall_curve(truth, scores)
        recall.step(share, found, where="post", label=shown(f"{each.title}: average {precision.value:.4f}"), **style)
    roc.plot((0, 1), (0, 1), color=GREY, linewidth=0.8, linestyle=":", label="_chance")
    roc.set(title="ROC", xlabel="share of reals called fake (FPR)", ylabel="share of fakes found (TPR)")
    recall.set(title="Precision and recall", xlabel="recall", ylabel="precision")
    for panel in (roc, recall):
        panel.set_xlim(-0.02, 1.02)
        panel.set_ylim(-0.02, 1.02)
        panel.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), fontsize=8)
    return figure
