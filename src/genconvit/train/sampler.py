"""Order in which a process sees the examples: a pure function of the seed, the epoch and the place in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Key = tuple[int, int]
"""The number of an epoch, and the index of an example in it."""


@dataclass(frozen=True)
class EpochSampler:
    """The order of the examples in each epoch, for several processes that share them out.

    Every epoch shows each example once, in another order. Where it is balanced, an epoch is as long, and half of it is
    of each class: some of the more frequent class are left out, others each time, and the rarer ones come again.

    Attributes:
        labels: label of every example, 0 or 1.
        batch_size: examples at once in each process.
        processes: number of processes. What is left at the end of an epoch and cannot be given to all is left out.
        seed: seed of the order.
        balance: show as many of each class.
    """

    labels: Sequence[int]
    batch_size: int
    processes: int = 1
    seed: int = 0
    balance: bool = False

    @property
    def batches(self) -> int:
        """Number of batches that each process has in an epoch."""
        usable = len(self.labels) - len(self.labels) % self.processes
        return -(-usable // (self.batch_size * self.processes))

    def indices(self, epoch: int) -> list[int]:
        """The examples of an epoch in their order, for all processes together."""
        chance = np.random.default_rng((self.seed, epoch))
        count = len(self.labels)
        if not self.balance or len(set(self.labels)) < 2:
            return [int(index) for index in chance.permutation(count)]
        labels = np.asarray(self.labels)
        halves = [
            _repeated(np.flatnonzero(labels == label), half, chance)
            for label, half in ((0, count // 2), (1, count - count // 2))
        ]
        mixed = np.concatenate(halves)
        return [int(index) for index in chance.permutation(mixed)]

    def keys(self, rank: int, epoch: int) -> list[list[Key]]:
        """The batches of one process in an epoch."""
        indices = self.indices(epoch)
        usable = indices[: len(indices) - len(indices) % self.processes]
        whole = self.batch_size * self.processes
        return [
            [(epoch, index) for index in usable[start : start + whole][rank :: self.processes]]
            for start in range(0, len(usable), whole)
        ]


@dataclass(frozen=True)
class Batches:
    """The batches of one process from one step of a training to another; a batch sampler for a ``DataLoader``.

    Attributes:
        sampler: gives the order of the examples.
        rank: the number of the process.
        accumulation: batches for each step; the last step of an epoch takes what is left.
        first: the step to begin with, from 0.
        last: the step to end before.
    """

    sampler: EpochSampler
    rank: int
    accumulation: int
    first: int
    last: int

    def __len__(self) -> int:
        return sum(len(self._of_step(step)) for step in range(self.first, self.last))

    def __iter__(self) -> Iterator[list[Key]]:
        known, batches = -1, list[list[Key]]()
        for step in range(self.first, self.last):
            epoch = step // steps_of_epoch(self.sampler, self.accumulation)
            if epoch != known:
                known, batches = epoch, self.sampler.keys(self.rank, epoch)
            for number in self._of_step(step):
                yield batches[number]

    def _of_step(self, step: int) -> range:
        return batches_of_step(self.sampler, self.accumulation, step)


def steps_of_epoch(sampler: EpochSampler, accumulation: int) -> int:
    """Count the steps of the optimiser in an epoch."""
    return -(-sampler.batches // accumulation)


def batches_of_step(sampler: EpochSampler, accumulation: int, step: int) -> range:
    """The numbers, within their epoch, of the batches that a step takes."""
    start = step % steps_of_epoch(sampler, accumulation) * accumulation
    return range(start, min(start + accumulation, sampler.batches))


def _repeated(indices: npt.NDArray[np.int64], count: int, chance: np.random.Generator) -> npt.NDArray[np.int64]:
    """Repeat the indices to so many, shuffled: none comes again before all have come."""
    rounds = [chance.permutation(indices) for _ in range(-(-count // len(indices)))]
    return np.concatenate(rounds)[:count] if rounds else indices[:0]
