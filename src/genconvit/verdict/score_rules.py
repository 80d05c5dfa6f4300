"""Rules that say which faces count for a score, by their fake probabilities. The score is the mean over those."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Sequence

from genconvit.core.config import did_you_mean
from genconvit.core.errors import ConfigError

ScoreRule = Callable[[Sequence[float]], list[int]]
"""Takes the fake probabilities of one or more faces and returns the rows that count, in ascending order."""

SURELY_FAKE, SURELY_REAL = 0.8, 0.2


def parse_score_rule(text: str) -> ScoreRule:
    """The rule of a name: ``mean``, ``median``, ``confident``, or ``topK`` with a number such as ``top3``.

    Raises:
        ConfigError: there is no such rule.

    Examples:
        >>> parse_score_rule("top2")([0.9, 0.1, 0.7])
        [0, 2]
        >>> parse_score_rule("medain")
        Traceback (most recent call last):
        ...
        genconvit.core.errors.ConfigError: unknown score rule 'medain' (did you mean 'median'?); the rules are mean, ...
    """
    if text in _RULES:
        return _RULES[text]
    if re.fullmatch(r"top[1-9][0-9]{0,5}", text):
        return functools.partial(highest, count=int(text.removeprefix("top")))
    raise ConfigError(
        f"unknown score rule {text!r}{did_you_mean(text, [*_RULES, 'top3'])}; the rules are {', '.join(_RULES)}, and "
        "top3 or any other number of faces from 1 to 999999"
    )


def every(probabilities: Sequence[float]) -> list[int]:
    """All faces, as in the reference: rule ``mean``."""
    return list(range(len(probabilities)))


def middle(probabilities: Sequence[float]) -> list[int]:
    """The face in the middle of the order, or the two around it: rule ``median``."""
    order = _ascending(probabilities)
    return sorted(order[(len(order) - 1) // 2 : len(order) // 2 + 1])


def highest(probabilities: Sequence[float], count: int) -> list[int]:
    """The faces with the highest probabilities, so many or all: rule ``topK``."""
    return sorted(_ascending(probabilities)[-count:])


def confident(probabilities: Sequence[float]) -> list[int]:
    """The faces that are surely fake, if many are; or surely real, if nearly all are; or else all: rule ``confident``.

    Many are at least 12, and more than a share of 1 / 2.5, rounded down; surely fake is above 0.8. Nearly all are more
    than 0.9 of them; surely real is below 0.2. With fewer than 12 faces none is ever left out for a surely fake one.

    From Selim Seferbekov's winning solution of the Deepfake Detection Challenge, where it is ``confident_strategy``
    (https://github.com/selimsef/dfdc_deepfake_challenge, MIT). He applied it to each network on its own, over up to
    32 frames, and took the mean of the networks; here a face has one probability, the mean of its branches.
    """
    fake = [row for row, probability in enumerate(probabilities) if probability > SURELY_FAKE]
    real = [row for row, probability in enumerate(probabilities) if probability < SURELY_REAL]
    if len(fake) > math.floor(len(probabilities) / 2.5) and len(fake) > 11:
        return fake
    return real if len(real) > 0.9 * len(probabilities) else every(probabilities)


def _ascending(probabilities: Sequence[float]) -> list[int]:
    return sorted(range(len(probabilities)), key=probabilities.__getitem__)


_RULES: dict[str, ScoreRule] = {"mean": every, "median": middle, "confident": confident}
