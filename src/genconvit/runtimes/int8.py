"""A network in int8 whose scores stay near those in fp32: which layers are rounded, and what that changes.

Layers that follow one another make a stretch. Each stretch is rounded alone first, and its effect on the scores is
measured. Stretches with the least effect for the work that they take are rounded, as many as the bound allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt
import torch

from genconvit.core.errors import ConfigError
from genconvit.core.fake_probability import face_fake_probability
from genconvit.core.types import FloatArray
from genconvit.results.provenance import Quantisation
from genconvit.runtimes.exported import Runs
from genconvit.runtimes.header import ExportHeader
from genconvit.runtimes.int8_crops import Int8Crops
from genconvit.runtimes.layers import Layer, find_layers
from genconvit.runtimes.noise import normal
from genconvit.runtimes.onnx_network import OnnxNetwork
from genconvit.runtimes.quantise import Feeds, Observed, observe, rounded

_STRETCHES = 24
_BATCH = 4
_MOST_OBSERVED = 32
_MOST_FOR_STRETCHES = 16
_SHARE_OF_BOUND = 0.25
"""Share of the bound that the crops may use up by which layers are chosen: scores of other faces change more."""

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rounded:
    """A network in int8.

    Attributes:
        network: network.
        layers: number of layers that are rounded.
        layers_in_fp32: number of those that could be and are not.
    """

    network: OnnxNetwork
    layers: int
    layers_in_fp32: int


def check_input(header: ExportHeader) -> None:
    """Make sure that int8 can be fitted to a network.

    Raises:
        ConfigError: it sees clips.
    """
    if len(header.input_shape) != 3:
        raise ConfigError(
            f"architecture {header.architecture!r} sees clips of {header.input_shape[0]} faces, and int8 is fitted to "
            "single faces; use precision='fp32'"
        )


def quantised(
    network: OnnxNetwork, header: ExportHeader, crops: Int8Crops, *, max_change: float, ends: bool
) -> Rounded:
    """Give a network in int8, with as many rounded layers as a bound allows.

    Args:
        network: network in fp32, with its constants folded.
        header: header of its file.
        crops: crops that it is fitted to; those that are held back are not used.
        max_change: largest change of a fake probability that is allowed.
        ends: see ``quantise.rounded``.

    Raises:
        ConfigError: it has no layer that can be rounded, or none within the bound.
    """
    if not find_layers(network.model):
        raise ConfigError(
            f"architecture {header.architecture!r} has no convolution and no matrix product with constant weights, so "
            "int8 changes nothing; use precision='fp32'"
        )
    batches = _batches(header, crops)
    observed = observe(network, list(islice(_single(batches), _MOST_OBSERVED)))
    wanted = _scores(network, header, batches)

    def change(layers: Sequence[Layer], count: int) -> Scores:
        changed = _scores(rounded(network, observed, layers, ends=ends), header, batches[:count])
        return np.abs(changed - wanted[: len(changed)])

    allowed = _SHARE_OF_BOUND * max_change
    every = len(batches)
    chosen: Sequence[Layer] = observed.layers
    if change(chosen, every).max() > allowed:
        ranked = _ranked(observed, lambda layers: change(layers, _MOST_FOR_STRETCHES // _BATCH))
        count = _most(len(ranked), lambda count: bool(change(_joined(ranked[:count]), every).max() <= allowed))
        chosen = _joined(ranked[:count])
    if not chosen:
        raise ConfigError(
            f"no part of the network can be rounded to int8 without changing a fake probability by more than "
            f"{max_change:g}; allow more (int8_max_change, --int8-max-change), or use precision='fp32'"
        )
    left = len(observed.layers) - len(chosen)
    return Rounded(rounded(network, observed, chosen, ends=ends), len(chosen), left)


def held_back_scores(run: Runs, header: ExportHeader, crops: Int8Crops) -> Scores:
    """Give the fake probabilities float64 [N] of the crops that are held back, from an exported network."""
    generator = torch.Generator().manual_seed(1)
    found = []
    for start in range(0, len(crops.held_back), _BATCH):
        images = crops.held_back[start : start + _BATCH]
        logits = run(images, _noise(header, len(images), generator))
        found.append(face_fake_probability(logits).astype(np.float64))
    return np.concatenate(found)


def measure(before: Scores, after: Scores, crops: Int8Crops, made: Rounded, *, max_change: float) -> Quantisation:
    """Measure what int8 changes on the crops that are held back.

    Args:
        before: fake probabilities in fp32.
        after: fake probabilities in int8, from the runtime that is to run it.
        crops: crops.
        made: network in int8, as it was made.
        max_change: largest change of a fake probability that is allowed.

    Raises:
        ConfigError: one is larger.
    """
    changes = np.abs(after - before)
    if not changes.max() <= max_change:  # not a number, too
        raise ConfigError(
            f"int8 changes a fake probability by up to {changes.max():.3f} on crops that are held back, where "
            f"{max_change:g} is allowed, so nothing is written; allow more (int8_max_change, --int8-max-change), give "
            "crops like those that are to be scored (int8_crops, --int8-crops), or use precision='fp32'"
        )
    return Quantisation(
        crops=crops.name,
        crops_sha256=crops.sha256,
        measured_on=len(changes),
        layers=made.layers,
        layers_in_fp32=made.layers_in_fp32,
        max_change=float(changes.max()),
        mean_change=float(changes.mean()),
        rank_correlation=_rank_correlation(before, after),
        changed_labels=float(((before > 0.5) != (after > 0.5)).mean()),
        max_change_allowed=max_change,
    )


def _rank_correlation(before: Scores, after: Scores) -> float | None:
    """Spearman's; None where all scores are the same."""
    from scipy.stats import spearmanr

    if np.ptp(before) == 0 or np.ptp(after) == 0:
        return None
    return float(np.clip(spearmanr(before, after).statistic, -1, 1))


def _ranked(observed: Observed, change: Callable[[Sequence[Layer]], Scores]) -> list[Sequence[Layer]]:
    """Stretches of the network, the one first that changes scores the least for its work."""
    size = -(-len(observed.layers) // _STRETCHES)
    stretches = [observed.layers[start : start + size] for start in range(0, len(observed.layers), size)]

    def cost(stretch: Sequence[Layer]) -> float:
        return float(np.square(change(stretch)).mean()) / sum(observed.work[layer.node] for layer in stretch)

    return sorted(stretches, key=cost)


def _most(count: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to a count that fits, where smaller ones fit as well."""
    low, high = 0, count
    while low < high:
        middle = -(-(low + high) // 2)
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def _joined(stretches: Sequence[Sequence[Layer]]) -> list[Layer]:
    return [layer for stretch in stretches for layer in stretch]


def _batches(header: ExportHeader, crops: Int8Crops) -> list[Feeds]:
    generator = torch.Generator().manual_seed(0)
    found: list[Feeds] = []
    for start in range(0, len(crops.fitted), _BATCH):
        images = crops.fitted[start : start + _BATCH]
        found.append(header.inputs(images, _noise(header, len(images), generator)))
    return found


def _single(batches: Iterable[Feeds]) -> Iterator[Feeds]:
    """Yield inputs of one crop each: what all layers give for several would take gigabytes in a large network."""
    for feeds in batches:
        for place in range(len(next(iter(feeds.values())))):
            yield {name: values[place : place + 1] for name, values in feeds.items()}


def _scores(network: OnnxNetwork, header: ExportHeader, batches: Sequence[Feeds]) -> Scores:
    session = network.session()
    found = [session.run(list(header.branches), dict(feeds)) for feeds in batches]
    joined = {
        branch: np.concatenate([logits[place] for logits in found]) for place, branch in enumerate(header.branches)
    }
    return face_fake_probability(joined).astype(np.float64)


def _noise(header: ExportHeader, count: int, generator: torch.Generator) -> list[FloatArray]:
    return [each.numpy() for each in normal(header.noise_shapes, count, generator)]
