"""Intervals of measures: percentile bootstrap over videos, and its paired form for the difference of two."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from pydantic import Field

from genconvit.core.config import FrozenConfig
from genconvit.metrics.measures import MEASURES, Sample, Value, measure_values
from genconvit.metrics.weighted import Weighted

LEVEL = 0.95
FEWEST_VIDEOS = 10
MOST_UNDEFINED = 0.05
"""The share of resamples in which a measure may be undefined before its interval is."""


class Resampling(FrozenConfig):
    """Options by which intervals are made."""

    resamples: int = Field(default=1000, ge=0, le=1_000_000)
    """Number of times that videos are drawn anew, with replacement; 0 for no intervals."""

    seed: int = Field(default=0, ge=0, lt=2**32)
    """Seed of the draws."""


class Measure(FrozenConfig):
    """A number with its 95 % interval, or why there is none."""

    value: float | None
    """The number; None where it is not defined."""

    low: float | None = None
    """The interval's lower end; None where there is no interval."""

    high: float | None = None
    """Upper end of the interval; None where there is no interval."""

    why_not: str | None = None
    """Reason why the number is not defined."""

    why_no_interval: str | None = None
    """Reason why a number has no interval."""


class Difference(Measure):
    """A measure of one set less that of another, over the same videos."""

    other_side: float | None = None
    """The share of resamples in which the difference is zero or has the other sign; 1 where it is zero itself. None
    without an interval."""


def measures_of(sample: Sample, resampling: Resampling) -> dict[str, Measure]:
    """Every measure of a sample with its interval.

    Videos are drawn, each with all its rows: the faces of one video are not independent of one another.

    Raises:
        ConfigError: scikit-learn is not installed.
    """
    values = measure_values(sample)
    refusal = _refusal(sample.videos, resampling)
    drawn: dict[str, list[float]] = {name: [] for name in MEASURES}
    weighted = Weighted(sample)
    for weights in () if refusal else _draws(sample.clusters, resampling):
        for name, value in weighted.values(weights).items():
            if not isinstance(value, str):
                drawn[name].append(value)
    return {name: _measure(value, drawn[name], resampling, refusal) for name, value in values.items()}


def paired_differences(one: Sample, other: Sample, resampling: Resampling) -> dict[str, Difference]:
    """Every measure of one sample less that of the other.

    Args:
        one: some videos.
        other: scores of another for the same videos, in the same order.
        resampling: each draw takes the same videos of both.

    Raises:
        ValueError: the samples are not of the same videos.
        ConfigError: scikit-learn is not installed.
    """
    if not (np.array_equal(one.clusters, other.clusters) and np.array_equal(one.truth, other.truth)):
        raise ValueError(f"the samples must hold the same videos; got {one.videos} and {other.videos}")
    values = _less(measure_values(one), measure_values(other))
    refusal = _refusal(one.videos, resampling)
    drawn: dict[str, list[float]] = {name: [] for name in MEASURES}
    first, second = Weighted(one), Weighted(other)
    for weights in () if refusal else _draws(one.clusters, resampling):
        for name, value in _less(first.values(weights), second.values(weights)).items():
            if not isinstance(value, str):
                drawn[name].append(value)
    return {name: _difference(value, drawn[name], resampling, refusal) for name, value in values.items()}


def _refusal(videos: int, resampling: Resampling) -> str:
    """Say why no measure can have an interval, or nothing."""
    if not resampling.resamples:
        return "no resamples were asked for"
    return f"an interval needs {FEWEST_VIDEOS} videos" if videos < FEWEST_VIDEOS else ""


def _draws(clusters: npt.NDArray[np.int64], resampling: Resampling) -> Iterator[npt.NDArray[np.float64]]:
    """Draw each resample, and yield how often each row counts in it: as often as its video was drawn."""
    videos = int(clusters[-1]) + 1
    random = np.random.default_rng(resampling.seed)
    for _ in range(resampling.resamples):
        drawn = np.bincount(random.integers(0, videos, videos), minlength=videos)
        yield drawn[clusters].astype(np.float64)


def _measure(value: Value, drawn: list[float], resampling: Resampling, refusal: str) -> Measure:
    if isinstance(value, str):
        return Measure(value=None, why_not=value)
    undefined = resampling.resamples - len(drawn)
    if not refusal and undefined > MOST_UNDEFINED * resampling.resamples:
        refusal = f"it is not defined in {undefined} of {resampling.resamples} resamples"
    if refusal:
        return Measure(value=value, why_no_interval=refusal)
    low, high = np.percentile(drawn, [50 * (1 - LEVEL), 50 * (1 + LEVEL)]).tolist()
    return Measure(value=value, low=low, high=high)


def _difference(value: Value, drawn: list[float], resampling: Resampling, refusal: str) -> Difference:
    measure = _measure(value, drawn, resampling, refusal)
    side = None
    if measure.value is not None and measure.low is not None:
        side = float(np.mean(np.sign(drawn) != np.sign(measure.value))) if measure.value else 1.0
    return Difference(**measure.model_dump(), other_side=side)


def _less(one: dict[str, Value], other: dict[str, Value]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, value in one.items():
        second = other[name]
        if isinstance(value, str):
            found[name] = value
        else:
            found[name] = second if isinstance(second, str) else value - second
    return found
