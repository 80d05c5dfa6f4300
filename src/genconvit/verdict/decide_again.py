"""The result that another rule would have given for the same scores."""

from __future__ import annotations

from genconvit.results.result import VideoResult
from genconvit.verdict.calibration import ScoreBasis
from genconvit.verdict.decision_rule import DecisionRule


def decide_again(result: VideoResult, before: DecisionRule, rule: DecisionRule) -> VideoResult:
    """The result by another rule, as if its detector had had that one.

    Args:
        result: answer for a source.
        before: rule that gave it.
        rule: rule that is to give it.
    """
    if result.fake_probability is None:
        return result.model_copy(update={"decision": rule.decision})
    ruling = rule.ruling(result.fake_probability, trained=result.provenance.weights.trained)
    basis = ScoreBasis.of(result.provenance, result.person, result.score_rule)
    kept = result.notes[: len(result.notes) - len(before.notes_for(basis))]
    update = {
        "status": ruling.status,
        "label": ruling.label,
        "calibrated_probability": ruling.calibrated,
        "decision": rule.decision,
        "notes": (*kept, *rule.notes_for(basis)),
    }
    return result.model_copy(update=update)
