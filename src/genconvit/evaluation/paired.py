"""Two sets of scores for the same videos, compared."""

from __future__ import annotations

from collections import Counter

from genconvit.core.config import FrozenConfig
from genconvit.evaluation.conventions import EvaluationOptions, counted_rows, resolve_threshold
from genconvit.evaluation.evaluation import sample_of
from genconvit.evaluation.scored import ScoredSet, ScoredVideo
from genconvit.metrics.intervals import Difference, paired_differences


class PairedComparison(FrozenConfig):
    """Difference between two sets, over the videos that count in both."""

    one: str
    """The name of the first set."""

    other: str
    """The name of the second set."""

    videos: int
    """Number of videos that count in both."""

    differences: dict[str, Difference]
    """Differences by measure, the first set's value less the second's."""

    notes: tuple[str, ...] = ()
    """Notes that a reader must know."""


def compare_sets(one: ScoredSet, other: ScoredSet, options: EvaluationOptions | None = None) -> PairedComparison:
    """Compare two sets video by video.

    Videos go by position where both sets name the same videos in the same order, else by names that occur once in each.

    Args:
        one: a set.
        other: another one of, at least in part, the same videos.
        options: options of the evaluation; groups are not looked at. A threshold for a false positive rate is found for
            each set on its own.

    Raises:
        ConfigError: scikit-learn is not installed; or the threshold is to keep a rate, and no real video has a score.
        DatasetError: a video with an answer has no score.
    """
    options = options or EvaluationOptions()
    first, second = _counted(one, options), _counted(other, options)
    pairs = matched(one, other)
    both = [(first[a], second[b]) for a, b in pairs if a in first and b in second]
    agreed = [(a, b) for a, b in both if a.truth == b.truth]
    notes = []
    if len(pairs) < max(len(one.rows), len(other.rows)):
        notes.append(f"of {len(one.rows)} and {len(other.rows)} videos, {len(pairs)} are the same by name")
    if len(both) < len(pairs):
        notes.append(f"left out, since they do not count in one of the sets: {len(pairs) - len(both)} videos")
    if len(agreed) < len(both):
        notes.append(f"left out, since the sets give them different truths: {len(both) - len(agreed)} videos")
    left, right = (sample_of([pair[side] for pair in agreed]) for side in (0, 1))
    return PairedComparison(
        one=one.name,
        other=other.name,
        videos=len(agreed),
        differences=paired_differences(left, right, options.resampling),
        notes=tuple(notes),
    )


def matched(one: ScoredSet, other: ScoredSet) -> list[tuple[int, int]]:
    """The positions of the same videos in two sets, in the order of the first."""
    names, others = ([row.name for row in each.rows] for each in (one, other))
    if names == others:
        return [(position, position) for position in range(len(names))]
    times, other_times = Counter(names), Counter(others)
    places = {name: position for position, name in enumerate(others) if other_times[name] == 1}
    return [(position, places[name]) for position, name in enumerate(names) if times[name] == 1 and name in places]


def _counted(scored: ScoredSet, options: EvaluationOptions) -> dict[int, ScoredVideo]:
    return dict(counted_rows(scored, options.no_face, resolve_threshold(scored, options.threshold)))
