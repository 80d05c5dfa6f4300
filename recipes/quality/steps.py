"""Figures of how the ROC AUC falls as the picture of a face grows worse, and their tables."""

from genconvit.core.config import FrozenConfig
from genconvit.core.text import markdown_table
from genconvit.results.quality import KIND_WORDS, FindingKind

MOST_LOSS = 0.03
"""Loss of ROC AUC at which a threshold is drawn."""


class Step(FrozenConfig):
    """One strength of one way, or one group of crops."""

    strength: float
    """Strength; of a group by the turn of the head, its lower end in degrees."""

    value: float
    """Median of the measured value."""

    faces: int
    """Number of crops."""

    roc_auc: float
    """ROC AUC."""

    low: float
    """Lower end of its interval."""

    high: float
    """Upper end of its interval."""

    balanced_accuracy: float
    """Balanced accuracy at a fake probability of one half."""

    loss: float | None
    """ROC AUC of the same crops as they are, less this one; None for a group."""

    loss_low: float | None
    """Lower end of the interval of the loss."""

    loss_high: float | None
    """Upper end of the interval of the loss."""


class Figures(FrozenConfig):
    """Everything that was measured."""

    ways: dict[FindingKind, tuple[Step, ...]]
    """Steps of each way, from the crops as they are to the strongest; for heads in profile, groups by the turn."""

    at_loss: dict[FindingKind, float | None]
    """Measured value at which ``MOST_LOSS`` is lost, between two steps; None where none of them loses so much."""

    portraits: dict[str, float]
    """Share of portraits with each kind of finding, and with any."""

    def tables(self) -> str:
        """Everything as Markdown."""
        header = ("worse by", "strength", "median measured", "faces", "ROC AUC", "lost", "balanced accuracy")
        rows = [
            (
                KIND_WORDS[kind],
                f"{step.strength:g}",
                f"{step.value:g}",
                str(step.faces),
                f"{step.roc_auc:.3f} ({step.low:.3f} to {step.high:.3f})",
                "" if step.loss is None else f"{step.loss:.3f} ({step.loss_low:.3f} to {step.loss_high:.3f})",
                f"{step.balanced_accuracy:.1%}",
            )
            for kind, steps in self.ways.items()
            for step in steps
        ]
        lost = [(KIND_WORDS[kind], "" if value is None else f"{value:g}") for kind, value in self.at_loss.items()]
        portraits = [(name, f"{share:.1%}") for name, share in self.portraits.items()]
        return "\n".join(
            [
                markdown_table(header, rows, range(1, len(header))),
                markdown_table(("worse by", f"measured where {MOST_LOSS} is lost"), lost, (1,)),
                markdown_table(("finding", "portraits"), portraits, (1,)),
            ]
        )
