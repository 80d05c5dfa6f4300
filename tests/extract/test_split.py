from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from genconvit.crops.record import Split
from genconvit.data.base import LabelledSource
from genconvit.data.listing import list_dataset
from genconvit.extract.split import assign_splits
from genconvit.results.result import Label
from genconvit.video.copies import clip_name


def source(name: str, label: Label = "FAKE", split: str | None = None, *identities: str) -> LabelledSource:
    return LabelledSource(path=name, name=name, label=label, split=split, identities=identities)


def pairs(count: int, first: int = 0) -> list[LabelledSource]:
    """Make so many originals, and a fake of each."""
    numbers = range(first, first + count)
    reals = [source(f"{number:04d}", "REAL") for number in numbers]
    return [*reals, *(source(f"{number:04d}-fake", "FAKE", None, f"{number:04d}") for number in numbers)]


def counts(split_of: Mapping[str, Split]) -> list[int]:
    found = Counter(split_of.values())
    return [found["train"], found["valid"], found["test"]]


def changed(before: Mapping[str, Split], after: Mapping[str, Split]) -> int:
    return sum(after[name] != split for name, split in before.items())


def splits_by_identity(sources: Sequence[LabelledSource], split_of: Mapping[str, Split]) -> dict[str, set[Split]]:
    found: dict[str, set[Split]] = defaultdict(set)
    for each in sources:
        for identity in each.identities or (each.name,):
            found[identity].add(split_of[each.name])
    return found


def test_what_shares_an_identity_stays_together_near_the_fractions() -> None:
    sources = pairs(100)
    split_of = assign_splits(sources).split_of
    assert counts(split_of) == [160, 20, 20]
    assert all(len(splits) == 1 for splits in splits_by_identity(sources, split_of).values())
    assert counts(assign_splits(sources, (0.5, 0, 0.5)).split_of) == [100, 0, 100]


def test_the_order_of_the_sources_does_not_matter_and_the_seed_does() -> None:
    sources = pairs(50)
    shuffled = [*sources[1::2], *reversed(sources[::2])]
    assert assign_splits(sources).split_of == assign_splits(shuffled).split_of
    assert changed(assign_splits(sources).split_of, assign_splits(sources, seed=1).split_of) > 10


def test_both_classes_get_their_share_where_nothing_links_them() -> None:
    sources = [source(f"f{number}") for number in range(30)] + [source(f"r{number}", "REAL") for number in range(10)]
    split_of = assign_splits(sources).split_of
    assert counts({name: split for name, split in split_of.items() if name[0] == "f"}) == [24, 3, 3]
    assert counts({name: split for name, split in split_of.items() if name[0] == "r"}) == [8, 1, 1]


@pytest.mark.parametrize(("count", "expected"), [(1, [1, 0, 0]), (2, [2, 0, 0]), (3, [1, 1, 1]), (5, [3, 1, 1])])
def test_few_sources_still_fill_every_split_that_they_can(count: int, expected: list[int]) -> None:
    assert counts(assign_splits([source(f"{number}") for number in range(count)]).split_of) == expected


def test_a_sources_own_split_goes_first_and_takes_others_along() -> None:
    sources = [
        source("a", "REAL", "val"),
        source("b", "FAKE", None, "a"),
        source("c", "FAKE", "TEST"),
        source("d", "FAKE", "holdout"),
    ]
    plan = assign_splits(sources)
    assert plan.split_of == {"a": "valid", "b": "valid", "c": "test", "d": "train"}
    assert not plan.notes


def test_a_group_that_the_data_sets_splits_tear_apart_is_told() -> None:
    sources = [
        source("a", "REAL", "train", "x"),
        source("b", "REAL", "train", "x"),
        source("c", "FAKE", "test", "x", "y"),
        source("d", "FAKE", None, "y"),
    ]
    plan = assign_splits(sources)
    assert plan.split_of == {"a": "train", "b": "train", "c": "test", "d": "train"}
    (note,) = plan.notes
    assert "tear apart 1 group of sources that share identities, 4 sources in all, such as 'a' (train) and 'c'" in note


def test_a_large_group_goes_to_the_largest_split() -> None:
    linked = [source(f"id{number}", "FAKE", None, f"p{number}", f"p{number + 1}") for number in range(40)]
    sources = [*linked, *(source(f"single{number}") for number in range(60))]
    for seed in range(5):
        split_of = assign_splits(sources, seed=seed).split_of
        assert {split_of[each.name] for each in linked} == {"train"}
        assert counts(split_of) == [80, 10, 10]


def test_added_sources_move_nothing_of_an_earlier_plan() -> None:
    before = assign_splits(pairs(40)).split_of
    for added in (1, 7, 40):
        sources = [*pairs(40), *pairs(added, first=40)]
        after = assign_splits(sources, earlier=before).split_of
        assert changed(before, after) == 0
        assert counts(after)[0] == pytest.approx(0.8 * len(sources), abs=2)


def test_few_added_sources_move_few_even_without_the_earlier_plan() -> None:
    before = assign_splits(pairs(400)).split_of
    assert changed(before, assign_splits([*pairs(400), *pairs(4, first=400)]).split_of) <= 8


def test_an_added_source_that_joins_two_groups_brings_them_together() -> None:
    sources = [source("a"), source("b"), source("c"), source("joins", "FAKE", None, "a", "b")]
    earlier: dict[str, Split] = {"a": "test", "b": "train", "c": "valid"}
    split_of = assign_splits(sources, earlier=earlier).split_of
    assert split_of == {"a": "train", "b": "train", "joins": "train", "c": "valid"}


def test_a_split_that_a_data_set_lacks_is_taken_from_its_train_where_it_is_taken_whole() -> None:
    train = [each.model_copy(update={"split": "train"}) for each in pairs(40)]
    assert counts(assign_splits(train).split_of) == [80, 0, 0]
    plan = assign_splits(train, fill=True)
    assert counts(plan.split_of) == [64, 8, 8]
    assert all(len(splits) == 1 for splits in splits_by_identity(train, plan.split_of).values())
    assert plan.notes == tuple(f"the data set has no {split}; it was taken from train" for split in ("valid", "test"))
    assert changed(plan.split_of, assign_splits(train, fill=True, earlier=plan.split_of).split_of) == 0
    assert counts(assign_splits(train, (1, 0, 0), fill=True).split_of) == [80, 0, 0]


def test_the_splits_that_a_data_set_has_stay_as_they_are() -> None:
    train = [each.model_copy(update={"split": "train"}) for each in pairs(45)]
    tested = [each.model_copy(update={"split": "test"}) for each in pairs(15, first=45)]
    split_of = assign_splits([*train, *tested], fill=True).split_of
    assert counts(split_of) == [80, 10, 30]
    assert {split_of[each.name] for each in tested} == {"test"}
    free = pairs(20, first=60)
    assert counts(assign_splits([*train, *tested, *free], fill=True).split_of)[1] > 0
    assert {assign_splits([*train, *free], fill=True).split_of[each.name] for each in train} == {"train"}


def test_a_fake_stays_with_its_original_where_nobody_names_an_identity() -> None:
    reals = [LabelledSource(path=f"r{n}", name=f"r{n}", label="REAL", identities=(f"p{n}",)) for n in range(40)]
    fakes = [LabelledSource(path=f"f{n}", name=f"f{n}", label="FAKE", original=f"r{n}") for n in range(39)]
    odd = LabelledSource(path="f39", name="f39", label="FAKE", original="gone")
    split_of = assign_splits([*fakes, odd, *reals]).split_of
    assert all(split_of[f"f{n}"] == split_of[f"r{n}"] for n in range(39))
    assert len(set(split_of.values())) == 3


def test_the_copies_of_a_clip_never_lie_in_two_splits(tmp_path: Path) -> None:
    for number in range(20):
        for label in ("real", "fake"):
            for copy in (f"videos/{number}.mp4", f"frames/{number}/0.png", f"faces/{number}/0.png"):
                path = tmp_path / label / copy
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
    listing = list_dataset("folder", tmp_path)
    split_of = assign_splits(listing.sources, (0.5, 0.25, 0.25), 0).split_of
    assert sorted(split_of) == sorted(f"{label}/videos/{n}.mp4" for label in ("real", "fake") for n in range(20))
    assert len({clip_name(name) for name in split_of}) == len(split_of) == 40
    assert counts(split_of) == [20, 10, 10]
