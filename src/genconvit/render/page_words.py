"""Words of a page: the verdict, and what limits it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from genconvit.results.decision import Decision
from genconvit.results.result import WARM_START, VideoResult

Tone = Literal["fake", "real", "none"]

_FEW_FACES = 5

DEFAULT_DECISION = Decision(threshold=0.5, threshold_from="default")
"""Decision of results that state none."""


@dataclass(frozen=True)
class Verdict:
    """The answer, as the top of a page says it.

    Attributes:
        tone: tone of its colours; ``none`` wherever there is no label.
        headline: the label, or why there is none.
        meaning: sentence that says what the headline means, and what it does not.
        basis: sentence that says what numbers it follows from; empty where there are none to show.
    """

    tone: Tone
    headline: str
    meaning: str
    basis: str


@dataclass(frozen=True)
class Limit:
    """Something that limits an answer.

    Attributes:
        title: a few words.
        text: the limit, in whole sentences.
    """

    title: str
    text: str


_MEANING = {
    "FAKE": "The network takes the faces that it looked at for manipulated. That is an opinion with error rates, not a "
    "finding.",
    "REAL": "The network did not take the faces that it looked at for manipulated. That does not show that the video "
    "is genuine: it has error rates, and nothing can be expected of manipulations that it never learned of.",
    "inconclusive": "The score is too doubtful for a label. The network calls this video neither real nor fake.",
    "no_face": "No face was found, so there was nothing to judge. That says nothing about whether the video is real.",
    "unreadable": "The file could not be read, so nothing in it was judged.",
    "untrained": "The network was never trained, so its numbers mean nothing and this page leaves them out. It shows "
    "how such a page is made, and nothing about the video.",
}


def verdict_of(result: VideoResult) -> Verdict:
    """Say a result's answer in words."""
    if result.status in ("no_face", "unreadable"):
        basis = f"The reason: {result.reason or 'none was given'}." if result.status == "unreadable" else ""
        return Verdict("none", result.headline.capitalize(), _MEANING[result.status], basis)
    if not result.provenance.weights.trained:
        return Verdict("none", result.headline.capitalize(), _MEANING["untrained"], "")
    if result.label is None:
        return Verdict("none", "Inconclusive", _MEANING["inconclusive"], _basis(result))
    return Verdict("fake" if result.label == "FAKE" else "real", result.label, _MEANING[result.label], _basis(result))


def judged_probability(result: VideoResult) -> float | None:
    """Probability that the decision looked at: the calibrated one where there is one; None where it means nothing."""
    if not result.provenance.weights.trained:
        return None
    return result.fake_probability if result.calibrated_probability is None else result.calibrated_probability


def _basis(result: VideoResult) -> str:
    decision = result.decision or DEFAULT_DECISION
    calibrated = result.calibrated_probability is not None
    number = f"{judged_probability(result) or 0:.3f}"
    kind = "calibrated fake probability" if calibrated else "fake probability"
    if decision.inconclusive:
        low, high = decision.inconclusive
        side = {"FAKE": "above", "REAL": "below"}.get(result.label or "", "in")
        place = f"lies {side} the band from {low:.3f} to {high:.3f}, in which no label is given"
    else:
        verb = "lies" if result.label == "FAKE" else "does not lie"
        place = f"{verb} above the threshold of {decision.threshold:.3f}"
    before = f" (before the calibration: {result.fake_probability:.3f})" if calibrated else ""
    return f"The video's {kind}, {number}{before}, {place}."


def limits_of(result: VideoResult) -> tuple[Limit, ...]:
    """List what limits a result's answer, the most important first; nothing in it is known from elsewhere."""
    return tuple(_limits(result))


def _limits(result: VideoResult) -> Iterator[Limit]:
    weights = result.provenance.weights
    if not weights.trained:
        yield Limit("Not trained", "These weights never learned anything. No number that they give means anything.")
    elif result.fake_probability is not None:
        yield Limit("Training and error rates", _training(result))
        yield Limit("Calibration", _calibration(result))
        yield Limit("Doubtful scores", _band(result))
        yield Limit(
            "How rare fakes are",
            "How often a video that is called FAKE is one depends on how many fakes there are among the videos, which "
            "no network knows. Where they are rare, most videos that are called FAKE can be real.",
        )
    if result.poor_faces is not None and result.poor_faces.poor:
        yield Limit("Poor pictures of faces", f"{as_sentence(result.poor_faces.words)} Below, each such face says why.")
    if weights.trained and 0 < len(result.faces) < _FEW_FACES:
        yield Limit("Few faces", f"The answer rests on {_count(len(result.faces), 'face')} and no more.")
    if result.lasting_tracks > 1 and result.person == "pool":
        yield Limit(
            "Several people",
            f"All faces of {result.lasting_tracks} people make one score, in which one swapped face among several can "
            "hide. The table of people below has a score for each.",
        )
    yield Limit(
        "Not looked at",
        "Sound, captions, cuts, everything outside of the faces, frames that were not searched, and whether the video "
        "is shown in a false context.",
    )


def _training(result: VideoResult) -> str:
    weights = result.provenance.weights
    if weights.about:
        return f"{as_sentence(weights.about)} On videos from elsewhere the rates are others, and mostly worse."
    text = (
        "Nothing is recorded of what these weights learned from and how often they are wrong, so this page cannot say "
        "how much the answer is worth. They have to be measured on videos like this one, of which the truth is known."
    )
    return f"{as_sentence(WARM_START)} {text}" if weights.origin == "warm_start" else text


def _calibration(result: VideoResult) -> str:
    info = (result.decision or DEFAULT_DECISION).calibration
    if info is None:
        return (
            "The fake probability is not calibrated: 0.8 does not mean that 80 of 100 such videos are fake. It orders "
            "videos, and no more."
        )
    return (
        f"The probability is calibrated by {info.name}: 0.8 means that 80 of 100 are fake, but only among videos like "
        "those that it was fitted on, where as large a share is fake. The notes below say what is known of these."
    )


def _band(result: VideoResult) -> str:
    decision = result.decision or DEFAULT_DECISION
    if decision.inconclusive is None:
        return "Every score gets a label, however close to the threshold it lies. No band of doubtful scores was set."
    low, high = decision.inconclusive
    return f"From {low:.3f} to {high:.3f} no label is given. Outside of this band labels can be wrong as well."


def as_sentence(text: str) -> str:
    """A text as a sentence, with a capital first and a full stop last.

    Examples:
        >>> as_sentence("trained on DFDC")
        'Trained on DFDC.'
    """
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
