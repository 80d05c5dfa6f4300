"""Names of sets from files when several stand beside each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from genconvit.evaluation.scored import ScoredSet


def with_own_names(sets: Sequence[ScoredSet]) -> list[ScoredSet]:
    """The sets, each with a name that no other has.

    A set is called after its variant, where its file names one that no other file does; else by its file's name, with
    a number where that repeats.
    """
    variants = [str(each.metadata.get("variant") or each.name) for each in sets]
    times = Counter(variants)
    taken: Counter[str] = Counter()
    named = []
    for each, variant in zip(sets, variants, strict=True):
        name = variant if times[variant] == 1 else each.name
        taken[name] += 1
        update = {"name": name if taken[name] == 1 else f"{name} ({taken[name]})"}
        named.append(each.model_copy(update=update))
    return named
