"""Splits of the sources of a data set: a source's own where it has one, and never two for one identity."""

from __future__ import annotations

import hashlib
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from genconvit.crops.manifest import SPLIT_FOLDERS
from genconvit.crops.record import SPLITS, Split
from genconvit.data.base import LabelledSource

DEFAULT_FRACTIONS = (0.8, 0.1, 0.1)


@dataclass(frozen=True)
class SplitPlan:
    """Plan of the split of each source.

    Attributes:
        split_of: split by the source's name.
        notes: notes that a reader must know: identities that the data set's own splits tear apart; a split that it
            lacks.
    """

    split_of: Mapping[str, Split]
    notes: tuple[str, ...] = ()


def assign_splits(
    sources: Sequence[LabelledSource],
    fractions: Sequence[float] = DEFAULT_FRACTIONS,
    seed: int = 0,
    earlier: Mapping[str, Split] | None = None,
    *,
    fill: bool = False,
) -> SplitPlan:
    """Put each source into a split.

    - A source's own split goes first, with ``val`` as ``valid``; a word that is none of these three is passed over.
    - Sources that share an identity, directly or through others, are one component and stay together. One that is in a
      split already, by its own members or by an earlier plan, takes its other members along: those of the data set
      before those of the plan, and where they disagree the split of most of them.
    - The others are put in an order that the seed and their names make, and cut where the splits reach their fractions
      of the sources; so for fakes alone, for reals alone, and for components of both. Each split with a fraction above
      0 gets at least one component, where there are enough. A component that is larger than the smallest
      such split, and than most others, goes to the largest one.

    The same sources, fractions and seed give the same plan, in whatever order they come. With the earlier plan, sources
    that are added move none of the others, but where they join two components that were apart.

    Args:
        sources: sources with names of their own.
        fractions: fractions of the sources for train, valid and test; at least 0, and not all 0.
        seed: seed of the order.
        earlier: splits of an earlier plan, by name.
        fill: take valid or test from train by its fraction, as if the sources of train had no split, where each source
            has a split of its own and none is in that one. DFDC's training parts are all train.
    """
    words = {each.name: (each.split or "").lower() for each in sources}
    own = {name: SPLIT_FOLDERS[word] for name, word in words.items() if word in SPLIT_FOLDERS}
    lacking = _lacking(own, len(sources), fractions) if fill else ()
    shares = [
        fraction * (not lacking or split in ("train", *lacking))
        for split, fraction in zip(SPLITS, fractions, strict=True)
    ]
    settled: dict[str, Split] = {}
    strata: dict[frozenset[str | None], list[list[LabelledSource]]] = defaultdict(list)
    torn = []
    for component in components(sources):
        strata[frozenset(each.label for each in component)].append(component)
        votes = Counter(own[each.name] for each in component if each.name in own)
        if len(votes) > 1:
            torn.append(component)
        final = {} if lacking and votes.keys() == {"train"} else votes
        known = final or Counter((earlier or {})[each.name] for each in component if each.name in (earlier or {}))
        if known:
            most = max(SPLITS, key=lambda split: known[split])
            settled.update({each.name: own.get(each.name, most) if final else most for each in component})
    for stratum in strata.values():
        settled.update(_placed(stratum, shares, seed, settled))
    notes = (*_torn_notes(torn, own), *(f"the data set has no {split}; it was taken from train" for split in lacking))
    return SplitPlan({each.name: settled[each.name] for each in sources}, notes)


def components(sources: Iterable[LabelledSource]) -> list[list[LabelledSource]]:
    """The sources that share identities or are each other's original, directly or through others; each once, by name.

    Examples:
        >>> a = LabelledSource(
        ...     path="a", name="a", label="FAKE", identities=("b", "c")
        ... )
        >>> b, c, d = (
        ...     LabelledSource(path=name, name=name, label="REAL")
        ...     for name in "bcd"
        ... )
        >>> [
        ...     [each.name for each in component]
        ...     for component in components([d, c, b, a])
        ... ]
        [['a', 'b', 'c'], ['d']]
    """
    above: dict[str, str] = {}

    def root_of(identity: str) -> str:
        while above.setdefault(identity, identity) != identity:
            above[identity] = above[above[identity]]
            identity = above[identity]
        return identity

    ordered = sorted(sources, key=lambda each: each.name)
    named = {source.name: source for source in ordered}
    for source in ordered:
        first, *others = _identities(source)
        if source.original in named:
            others += _identities(named[source.original])
        for other in others:
            above[root_of(other)] = root_of(first)
    found: dict[str, list[LabelledSource]] = defaultdict(list)
    for source in ordered:
        found[root_of(_identities(source)[0])].append(source)
    return list(found.values())


def _lacking(own: Mapping[str, Split], count: int, fractions: Sequence[float]) -> tuple[Split, ...]:
    """The splits that a data set with splits of its own does without, and that train can give."""
    there = set(own.values())
    if len(own) < count or "train" not in there or not fractions[0]:
        return ()
    return tuple(split for split, fraction in zip(SPLITS, fractions, strict=True) if fraction and split not in there)


def _identities(source: LabelledSource) -> tuple[str, ...]:
    return source.identities or (source.name,)


def _placed(
    stratum: Sequence[Sequence[LabelledSource]], fractions: Sequence[float], seed: int, settled: Mapping[str, Split]
) -> dict[str, Split]:
    """The splits of the components that have none yet."""
    taken = Counter(settled[each.name] for component in stratum for each in component if each.name in settled)
    elsewhere = sum(taken[split] for split, fraction in zip(SPLITS, fractions, strict=True) if not fraction)
    total = sum(map(len, stratum)) - elsewhere
    goals = [total * fraction / sum(fractions) for fraction in fractions]
    free = [component for component in stratum if component[0].name not in settled]
    if not free:
        return {}
    largest = SPLITS[max(range(len(SPLITS)), key=lambda number: goals[number])]
    large = max(min(goal for goal in goals if goal), statistics.median(map(len, free)))
    placed: dict[str, Split] = {}
    for component in free:
        if len(component) > large:
            placed.update({each.name: largest for each in component})
            taken[largest] += len(component)
    ordered = sorted((each for each in free if len(each) <= large), key=lambda each: _turn(seed, each[0].name))
    left = [max(goal - taken[split], 0.0) for split, goal in zip(SPLITS, goals, strict=True)]
    least = [int(goal > 0 and not taken[split]) for split, goal in zip(SPLITS, goals, strict=True)]
    cuts = _cuts(list(map(len, ordered)), left if any(left) else goals, least)
    for split, start, stop in zip(SPLITS, [0, *cuts], cuts, strict=False):
        for component in ordered[start:stop]:
            placed.update({each.name: split for each in component})
    return placed


def _cuts(sizes: Sequence[int], goals: Sequence[float], least: Sequence[int]) -> list[int]:
    """Give the end of each part of a sequence: in proportion to the goals, with at least so many items each."""
    middles = [end - size / 2 for end, size in zip(accumulate(sizes), sizes, strict=True)]
    ends = [goal * sum(sizes) / sum(goals) for goal in accumulate(goals)]
    cuts = [sum(middle < end for middle in middles) for end in ends[:-1]] + [len(sizes)]
    if sum(least) <= len(sizes):
        for number in range(len(cuts) - 1):
            cuts[number] = max(cuts[number], (cuts[number - 1] if number else 0) + least[number])
        for number in reversed(range(len(cuts) - 1)):
            cuts[number] = min(cuts[number], cuts[number + 1] - least[number + 1])
    return cuts


def _turn(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{name}".encode("utf-8", "surrogatepass")).digest()


def _torn_notes(torn: Sequence[Sequence[LabelledSource]], own: Mapping[str, Split]) -> tuple[str, ...]:
    """Say which components lie in several splits by the data set's own word."""
    if not torn:
        return ()
    first = {own[each.name]: each.name for each in reversed(max(torn, key=len)) if each.name in own}
    shown = " and ".join(f"{first[split]!r} ({split})" for split in SPLITS if split in first)
    groups = "1 group" if len(torn) == 1 else f"{len(torn)} groups"
    return (
        f"the data set's own splits tear apart {groups} of sources that share identities, {sum(map(len, torn))} "
        f"sources in all, such as {shown}: a network may know faces of one split from another",
    )
