"""Score of a video from the logits of its faces: pure functions, by the original's rule where no other is chosen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genconvit.core.fake_probability import mean_over_branches, sigmoids
from genconvit.results.result import Label, PersonRule
from genconvit.verdict.score_rules import parse_score_rule


@dataclass(frozen=True)
class VideoScore:
    """A video's probabilities.

    Attributes:
        p_fake: mean over faces and branches of the sigmoid of the fake logit.
        p_real: mean over faces and branches of the sigmoid of the real logit; the two need not add up to 1.
    """

    p_fake: float
    p_real: float

    @property
    def label(self) -> Label:
        """FAKE exactly where p_fake > p_real."""
        return "FAKE" if self.p_fake > self.p_real else "REAL"

    @property
    def fake_probability(self) -> float:
        """(p_fake + 1 - p_real) / 2, above one half exactly where the label is FAKE."""
        probability = 0.5 + (self.p_fake - self.p_real) / 2
        return max(probability, math.nextafter(0.5, 1.0)) if self.label == "FAKE" else probability

    @property
    def published_score(self) -> float:
        """The number that the reference stores: p_fake for FAKE, 1 - p_real for REAL."""
        return self.p_fake if self.label == "FAKE" else 1 - self.p_real


@dataclass(frozen=True)
class PersonScore:
    """One person's score, and what it is chosen by.

    Attributes:
        score: score from this person's faces alone.
        faces: number of the person's faces.
        mean_area_px: the mean area of their boxes, in pixels.
        rows: rows of the faces that the score rests on, among all of the source.
    """

    score: VideoScore
    faces: int
    mean_area_px: float
    rows: tuple[int, ...] = ()


def video_score(logits: Mapping[str, npt.NDArray[np.float32]], score_rule: str = "mean") -> VideoScore:
    """The score of a video from the logits of its faces: mean over branches, and faces that count, of the sigmoids.

    Args:
        logits: logits by branch, float [N, 2] with N >= 1, fake first.
        score_rule: rule that says which faces count; see ``genconvit.verdict.score_rules``.

    Raises:
        ConfigError: there is no such rule.
        WeightsError: a logit is not finite.
        ValueError: there is no face.
    """
    probabilities = _sigmoids(logits)
    counted = probabilities[:, _selected(probabilities, score_rule)]
    p_fake, p_real = counted.mean(axis=(0, 1), dtype=np.float64).tolist()
    return VideoScore(p_fake, p_real)


def rows_that_count(logits: Mapping[str, npt.NDArray[np.float32]], score_rule: str = "mean") -> list[int]:
    """The rows of the faces that ``video_score`` takes the mean over, in ascending order; see there."""
    return _selected(_sigmoids(logits), score_rule)


def persons_score(persons: Sequence[PersonScore], person: PersonRule) -> VideoScore:
    """The score of a video from those of its persons: the mean over ``chosen_persons``."""
    chosen = [each.score for each in chosen_persons(persons, person)]
    p_fake = math.fsum(score.p_fake for score in chosen) / len(chosen)
    p_real = math.fsum(score.p_real for score in chosen) / len(chosen)
    return VideoScore(p_fake, p_real)


def chosen_persons(persons: Sequence[PersonScore], person: PersonRule) -> list[PersonScore]:
    """The persons whose scores make that of a video.

    Args:
        persons: one or more.
        person: ``max``, the person with the highest score; ``mean``, the mean of them; or ``largest``, the person whose
            face is largest on average, of which the networks see most. Of equal persons the one with more faces is
            taken, then the first.

    Raises:
        ValueError: there is no person, or ``pool``, which knows no persons.
    """
    if not persons or person == "pool":
        raise ValueError(f"a score by {person!r} from {len(persons)} persons; give max, mean or largest, and a person")
    if person == "mean":
        return list(persons)
    if person == "largest":
        return [max(persons, key=lambda each: (each.mean_area_px, each.faces))]
    return [max(persons, key=lambda each: (each.score.p_fake - each.score.p_real, each.faces))]


def _sigmoids(logits: Mapping[str, npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    probabilities = sigmoids(logits)
    if probabilities.size == 0:
        raise ValueError("a video's score needs at least one face; a video without one has no score")
    return probabilities


def _selected(probabilities: npt.NDArray[np.float32], score_rule: str) -> list[int]:
    return parse_score_rule(score_rule)(mean_over_branches(probabilities).tolist())
