"""Groups that videos belong to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from genconvit.core.text import printable
from genconvit.evaluation.scored import ScoredVideo

MOST_GROUPS = 100
"""Most groups of one key, and of all keys crossed."""

Group = tuple[tuple[str, str], ...]
"""Keys with their values."""


def groups_of(
    rows: Sequence[ScoredVideo], by: Collection[str] | None = None
) -> tuple[list[tuple[dict[str, str], npt.NDArray[np.int64]]], list[str]]:
    """The groups of each key alone, then those of all keys crossed that have several values, where there are such keys.

    A video without a value for a key counts in each of that key's groups: so are the fakes of a method held against
    all reals. Crossed, the values of fakes and reals that go together make a group.

    Args:
        rows: the videos.
        by: the keys to look at; None for all.

    Returns:
        Each group's keys and values with the rows in it, by index; and notes on what was left out.
    """
    known = dict.fromkeys(key for row in rows for key in row.groups)
    keys = [key for key in known if by is None or key in by]
    notes = [f"no video has a group {printable(key)!r}" for key in by or () if key not in known]
    found: list[Group] = []
    kept: dict[str, set[str]] = {}
    for key in keys:
        sizes = Counter(row.groups[key] for row in rows if key in row.groups)
        values, note = _largest([(((key, value),), size) for value, size in sizes.items()], f"of {printable(key)!r}")
        kept[key] = {value for ((_, value),) in values}
        found += values
        notes += note
    members = {pair: _members(rows, *pair) for (pair,) in found}
    keys = [key for key in keys if len(kept[key]) > 1]
    if len(keys) > 1:
        crossed = _crossed(rows, keys, kept)
        sizes_crossed = [
            (group, int(np.logical_and.reduce([members[pair] for pair in group]).sum())) for group in crossed
        ]
        largest, note = _largest(sizes_crossed, "of all keys crossed")
        found += largest
        notes += note
    return [
        (dict(group), np.flatnonzero(np.logical_and.reduce([members[pair] for pair in group]))) for group in found
    ], notes


def _members(rows: Sequence[ScoredVideo], key: str, value: str) -> npt.NDArray[np.bool_]:
    return np.array([row.groups.get(key, value) == value for row in rows], np.bool_)


def _largest(sizes: list[tuple[Group, int]], which: str) -> tuple[list[Group], list[str]]:
    ordered = [group for group, _ in sorted(sizes, key=lambda each: (-each[1], each[0]))]
    left_out = len(ordered) - MOST_GROUPS
    return ordered[:MOST_GROUPS], [f"{left_out} smaller groups {which} are left out"] if left_out > 0 else []


def _crossed(rows: Sequence[ScoredVideo], keys: Sequence[str], kept: dict[str, set[str]]) -> list[Group]:
    """The combinations of a value for every key that some videos have, alone or fakes and reals together."""
    patterns: dict[str, Counter[Group]] = {"FAKE": Counter(), "REAL": Counter()}
    for row in rows:
        pattern = tuple((key, row.groups[key]) for key in keys if row.groups.get(key) in kept[key])
        patterns["FAKE" if row.truth == "FAKE" else "REAL"][pattern] += 1
    fakes, reals = ([dict(each) for each, _ in patterns[label].most_common(MOST_GROUPS)] for label in patterns)
    whole: dict[Group, None] = {}
    for one in [{}, *fakes]:
        for other in [{}, *reals]:
            joined = {**one, **other}
            if len(joined) == len(keys) and all(one.get(key, value) == value for key, value in other.items()):
                whole[tuple((key, joined[key]) for key in keys)] = None
    return list(whole)
