"""The picture of docs/face_quality.md."""

from pathlib import Path

from genconvit.plots.style import COLOURS, GREY, new_figure, save
from genconvit.results.quality import (
    KIND_WORDS,
    LEAST_LUMA,
    LEAST_SHARPNESS,
    LEAST_WIDTH_PX,
    MOST_LUMA,
    MOST_OUTSIDE,
    MOST_YAW_DEGREES,
    FindingKind,
)
from recipes.quality.steps import Figures

AXES: dict[FindingKind, tuple[str, float, bool]] = {
    "too_small": ("width in pixels", LEAST_WIDTH_PX, True),
    "blurred": ("sharpness", LEAST_SHARPNESS, True),
    "too_dark": ("mean luma", LEAST_LUMA, True),
    "too_bright": ("mean luma", MOST_LUMA, False),
    "in_profile": ("turn in degrees", MOST_YAW_DEGREES, False),
    "cut_off": ("share outside", MOST_OUTSIDE, False),
}
"""Name of the measured value, threshold, and whether the axis is logarithmic, by the kind of finding."""


def draw(figures: Figures, path: Path) -> None:
    """Draw the ROC AUC against each measured value, with its interval and the threshold."""
    note = "small V2 on crops of DFDC's test split; the dashed line is the threshold, the shade an interval of 95 %"
    figure, panels = new_figure(len(AXES), title="ROC AUC as the picture of a face grows worse", note=note, height=2.6)
    for panel, (kind, (name, threshold, is_logarithmic)) in zip(panels, AXES.items(), strict=True):
        steps = figures.ways[kind]
        values = [step.value for step in steps]
        panel.plot(values, [step.roc_auc for step in steps], marker="o", markersize=4, color=COLOURS[0])
        panel.fill_between(
            values,
            [step.low for step in steps],
            [step.high for step in steps],
            color=COLOURS[0],
            alpha=0.15,
            linewidth=0,
        )
        panel.axvline(threshold, color=COLOURS[1], linestyle="--", linewidth=1)
        panel.axhline(steps[0].roc_auc, color=GREY, linestyle=":", linewidth=1)
        panel.set(title=KIND_WORDS[kind], xlabel=name, ylabel="ROC AUC", ylim=(0.45, 0.95))
        if is_logarithmic:
            panel.set_xscale("log")
            panel.set_xticks(values, [f"{value:.3g}" for value in values])
            panel.set_xticks([], minor=True)
    save(figure, path)
