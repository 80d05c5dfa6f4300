from __future__ import annotations

from collections import Counter

import pytest

from genconvit.train.sampler import Batches, EpochSampler, steps_of_epoch

LABELS = (0,) * 3 + (1,) * 10


def test_an_epoch_shows_each_example_once_in_an_order_of_its_own() -> None:
    sampler = EpochSampler(LABELS, batch_size=4, seed=1)
    first, second = sampler.indices(0), sampler.indices(1)
    assert sorted(first) == sorted(second) == list(range(13))
    assert first != second
    assert first == EpochSampler(LABELS, batch_size=4, seed=1).indices(0)
    assert first != EpochSampler(LABELS, batch_size=4, seed=2).indices(0)


def test_processes_see_disjoint_examples_and_have_equally_many() -> None:
    sampler = EpochSampler(LABELS, batch_size=2, processes=3)
    for epoch in range(3):
        shares = [[key for batch in sampler.keys(rank, epoch) for key in batch] for rank in range(3)]
        assert {len(share) for share in shares} == {4}
        assert len(set().union(*shares)) == 12
        assert {len(sampler.keys(rank, epoch)) for rank in range(3)} == {sampler.batches}
        assert [list(map(len, sampler.keys(rank, epoch))) for rank in range(3)] == [[2, 2]] * 3


def test_what_cannot_be_shared_out_makes_no_batch() -> None:
    assert EpochSampler((0, 1), batch_size=4, processes=3).batches == 0
    assert EpochSampler((0, 1, 1), batch_size=4, processes=3).keys(2, 0)[0] != []


@pytest.mark.parametrize("labels", [LABELS, LABELS[::-1], (0, 1), (0,) * 9 + (1,)])
def test_a_balanced_epoch_is_as_long_and_half_of_it_is_fake(labels: tuple[int, ...]) -> None:
    indices = EpochSampler(labels, batch_size=4, balance=True).indices(0)
    assert len(indices) == len(labels)
    fakes = sum(labels[index] == 0 for index in indices)
    assert fakes == len(labels) // 2
    for label in (0, 1):
        times = Counter(index for index in indices if labels[index] == label)
        assert max(times.values()) - min(times[index] for index, each in enumerate(labels) if each == label) <= 1


def test_over_some_epochs_balance_leaves_nobody_out() -> None:
    sampler = EpochSampler(LABELS, batch_size=4, balance=True)
    assert set(range(13)) == {index for epoch in range(8) for index in sampler.indices(epoch)}


def test_pairs_of_one_class_have_no_balance_to_strike() -> None:
    assert sorted(EpochSampler((1, 1, 1), batch_size=2, balance=True).indices(0)) == [0, 1, 2]


@pytest.mark.parametrize("first", range(9))
def test_a_run_that_is_resumed_sees_what_is_left(first: int) -> None:
    sampler = EpochSampler(LABELS, batch_size=2)
    assert steps_of_epoch(sampler, 3) == 3
    whole = list(Batches(sampler, 0, accumulation=3, first=0, last=9))
    rest = list(Batches(sampler, 0, accumulation=3, first=first, last=9))
    assert rest == whole[len(whole) - len(rest) :]
    assert len(rest) == len(Batches(sampler, 0, accumulation=3, first=first, last=9))
    assert len(whole) == 3 * sampler.batches
