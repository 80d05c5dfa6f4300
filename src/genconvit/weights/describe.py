"""Description of a weights file, in lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from genconvit.core.files import sha256_of_file
from genconvit.results.provenance import WeightsFile
from genconvit.weights.checkpoint import read_tensors
from genconvit.weights.embedded import all_embedded
from genconvit.weights.hub import PUBLISHED_FILES, PUBLISHED_REPOSITORY, cached
from genconvit.weights.library_file import header_of
from genconvit.weights.licence import PUBLISHED_LICENCE, licence_of
from genconvit.weights.reference import DEAD, VARIATIONAL_PREFIX, live_tensors, network_of


def describe(path: Path) -> Iterator[str]:
    """Say what a weights file is, its hash, and how much of it takes part in a prediction.

    Raises:
        WeightsError: it cannot be read.
    """
    checkpoint = read_tensors(path)
    total = sum(tensor.numel() for tensor in checkpoint.tensors.values())
    yield f"{path}: {len(checkpoint.tensors)} tensors, {total:,} values, {path.stat().st_size / 1e6:.0f} MB"
    sha256 = sha256_of_file(path)
    yield f"SHA-256: {sha256}"
    header = header_of(checkpoint.metadata, path)
    made_from = header.made_from if header else ()
    yield f"terms: {licence_of((WeightsFile(name=path.name, sha256=sha256), *made_from)) or 'not known'}"
    if header is not None:
        yield f"written by genconvit {header.library_version} for architecture {header.architecture}"
        yield f"config: {header.config}"
        yield f"trained: {'yes' if header.trained else 'no'}"
        for detector, rule in header.crop_rules.items():
            yield f"crops for {detector}: {rule.side:g} heights of its box, centre {rule.shift_down:g} below"
        for file in header.made_from:
            yield f"made from: {file.name} (SHA-256 {file.sha256})"
        return
    network = network_of(checkpoint.tensors)
    if network is None:
        yield "neither this library's nor the original GenConViT's"
        return
    live = live_tensors(network, checkpoint.tensors, path)
    used = sum(tensor.numel() for name, tensor in live.items() if not name.startswith(VARIATIONAL_PREFIX))
    yield f"network {network} of the original GenConViT: {used:,} values take part in a prediction"
    yield f"never used: tensors whose names begin with {', '.join(DEAD[network])}"


def describe_published() -> Iterator[str]:
    """Say which of the published files are in the hub's cache."""
    for network, filename in PUBLISHED_FILES.items():
        found = cached(PUBLISHED_REPOSITORY, filename)
        where = f"{found.path} (revision {found.revision})" if found else "not on this machine"
        yield f"{network}: {PUBLISHED_REPOSITORY}/{filename}: {where}"
    yield f"terms: {PUBLISHED_LICENCE}"


def describe_embedded() -> Iterator[str]:
    """Say what the weights are that ship with the library.

    Raises:
        WeightsError: the installation is incomplete.
    """
    for each in all_embedded():
        yield from describe(each.path)
        yield each.card.about
