"""Scores together with what they are worth, for reports and pictures."""

from __future__ import annotations

from dataclasses import dataclass

from genconvit.evaluation.conventions import counted_rows
from genconvit.evaluation.evaluation import Evaluation
from genconvit.evaluation.scored import ScoredSet, ScoredVideo


@dataclass(frozen=True)
class Evaluated:
    """A set and its evaluation.

    Attributes:
        scored: the set.
        evaluation: evaluation of the set.
    """

    scored: ScoredSet
    evaluation: Evaluation

    @property
    def counted(self) -> list[ScoredVideo]:
        """The videos that the measures rest on, with the scores and labels that counted."""
        rows = counted_rows(self.scored, self.evaluation.no_face, self.evaluation.threshold)
        return [row for _, row in rows]

    @property
    def mark(self) -> str:
        """Remark that must stand beside its name wherever it is shown; empty where nothing must."""
        if self.scored.trained is False:
            return "untrained: no verdict"
        return "warm start: the original's scores" if self.scored.metadata.get("weights_origin") == "warm_start" else ""

    @property
    def title(self) -> str:
        """Name with its mark."""
        return f"{self.scored.name} ({self.mark})" if self.mark else self.scored.name
