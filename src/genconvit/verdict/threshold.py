"""Threshold above which a video is FAKE: a number, or the one that keeps a false positive rate on given real videos."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from pydantic import Field

from genconvit.core.config import FrozenConfig
from genconvit.core.errors import ConfigError

_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{0,20})?([eE][-+]?[0-9]{1,3})?|\.[0-9]{1,20}", re.ASCII)
_PREFIX = "fpr="


class FprTarget(FrozenConfig):
    """A threshold that is still to be found."""

    fpr: float = Field(ge=0, lt=1)
    """The largest share of real videos that may lie above it, from 0 to below 1."""

    def __str__(self) -> str:
        return f"{_PREFIX}{self.fpr:g}"


def parse_threshold(text: str) -> float | FprTarget:
    """A threshold as it is typed.

    Args:
        text: a number from 0 to 1, or ``fpr=`` and the largest share of real videos that may lie above it.

    Raises:
        ConfigError: it is neither.

    Examples:
        >>> parse_threshold("0.7")
        0.7
        >>> print(parse_threshold("fpr=0.01"))
        fpr=0.01
        >>> parse_threshold("1 %")
        Traceback (most recent call last):
        ...
        genconvit.core.errors.ConfigError: threshold '1 %' is neither a number from 0 to 1 nor fpr=X with ...
    """
    digits = text.removeprefix(_PREFIX)
    value = float(digits) if _NUMBER.fullmatch(digits) else math.nan
    if digits != text and 0 <= value < 1:
        return FprTarget(fpr=value)
    if digits == text and 0 <= value <= 1:
        return value
    raise ConfigError(
        f"threshold {text!r} is neither a number from 0 to 1 nor fpr=X with X from 0 to below 1; give for example 0.5, "
        "or fpr=0.01 for at most one of a hundred real videos"
    )


def threshold_for_fpr(real_scores: Sequence[float], fpr: float) -> float:
    """The threshold that keeps a false positive rate: the smallest real score with at most that share above it.

    A video is FAKE where its score is greater than the threshold.

    Args:
        real_scores: the scores of real videos, in [0, 1], in any order.
        fpr: the largest share of them that may be FAKE, from 0 to below 1.

    Raises:
        ConfigError: there are no scores.

    Examples:
        >>> threshold_for_fpr([0.1, 0.2, 0.3, 0.9], fpr=0.25)
        0.3
    """
    if not real_scores:
        raise ConfigError(f"a threshold for fpr={fpr:g} needs the scores of real videos, and there are none")
    ordered = sorted(real_scores)
    allowed = math.floor(len(ordered) * fpr + 1e-9)  # 0.29 * 100 is 28.999999999999996
    return ordered[len(ordered) - 1 - allowed]
