"""Lines for people that say what an exported file holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from genconvit.runtimes.exported import read_exported


def describe_exported(path: Path) -> Iterator[str]:
    """Say what an exported file is, which weights it holds, and what it takes and gives.

    Raises:
        ConfigError: OpenVINO is not installed, whose file it is.
        WeightsError: it cannot be read, or is none of the library's.
    """
    file = read_exported(path)
    header = file.header
    size = sum(part.stat().st_size for part in file.parts)
    yield f"{' and '.join(map(str, file.parts))}: for {file.runtime}, {header.precision}, {size / 1e6:.1f} MB"
    for part in file.hashed():
        yield f"SHA-256 of {part.name}: {part.sha256}"
    yield f"terms: {header.weights.licence or 'not known'}"
    yield f"exported by genconvit {header.library_version} from architecture {header.architecture}"
    yield f"config: {header.config}"
    yield f"trained: {'yes' if header.weights.trained else 'no'}"
    if header.quantisation is not None:
        yield header.quantisation.summary
    yield f"takes uint8 [N, {', '.join(map(str, header.input_shape))}], gives logits of {', '.join(header.branches)}"
    for weights in header.weights.files:
        yield f"made from: {weights.name} (SHA-256 {weights.sha256})"
