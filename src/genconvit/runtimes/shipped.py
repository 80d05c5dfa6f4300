"""The exported file of weights that ship with the library: a graph alone, whose tensors lie in the weights file itself.

It is the library's own, so it is opened without the checks for files of others, and without the package ``onnx``.
``recipes/nano/graph.py`` makes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from genconvit.core.ahead import begun
from genconvit.core.device import AnyDevice
from genconvit.core.errors import WeightsError
from genconvit.core.files import sha256_of_file
from genconvit.core.types import FloatArray, ImageArray
from genconvit.runtimes.exported import ExportedFile, Runs, RuntimeName
from genconvit.runtimes.header import ExportHeader, parse_header
from genconvit.weights.choice import shipped_weights
from genconvit.weights.embedded import Embedded, embedded_for
from genconvit.weights.locate import WeightsSpec

_SPECS = (None, "embedded")


def shipped_export(name: str, options: Mapping[str, object], spec: WeightsSpec | None) -> Embedded | None:
    """Give the weights that ship with the library, where their exported file is what is asked for; None elsewhere.

    They are none where no such file ships, or an option differs from its config. Without options, nothing of the
    architecture is imported.

    Args:
        name: registered name of the architecture.
        options: fields of the architecture's config; the file holds its own alone.
        spec: source of the weights; None is the architecture's default.

    Raises:
        ConfigError: an option is unknown or has a value that is not allowed.
        WeightsError: there are no such weights for this config, or the installation is incomplete.
    """
    if spec not in _SPECS:
        return None
    if spec == "embedded" and not options:
        found = embedded_for(name)
        return found if found and found.graph.is_file() else None
    from genconvit.registry import ARCHITECTURES
    from genconvit.weights.load import parse_config

    cls = ARCHITECTURES.load(name)
    config = parse_config(name, cls, options)
    found = shipped_weights(name, cls, config, spec)
    if found is None or not found.graph.is_file():
        return None
    held = shipped_header(found).config
    chosen = config.model_dump(mode="json", exclude_unset=True)
    return found if all(held.get(field) == value for field, value in chosen.items()) else None


@lru_cache(maxsize=4)
def shipped_header(weights: Embedded) -> ExportHeader:
    """Read what the exported file of shipped weights says of itself.

    Raises:
        WeightsError: the installation is incomplete, or the file is of other weights.
    """
    path = weights.header
    try:
        header = parse_header(path.read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsError(f"{path} cannot be read: {error}; install genconvit again") from error
    if header.weights.sha256 != (weights.card.weights_sha256,):
        raise WeightsError(f"{path} is of other weights than {weights.name}.json tells of; install genconvit again")
    return header


def shipped_file(weights: Embedded, runtime: RuntimeName) -> ExportedFile:
    """Give the exported file of shipped weights, for a runtime.

    Raises:
        WeightsError: the installation is incomplete, or its files do not belong together.
    """
    header = shipped_header(weights)
    if sha256_of_file(weights.path) != weights.card.weights_sha256:
        raise WeightsError(
            f"{weights.path} is not the file that {weights.name}.json tells of, by its SHA-256; install genconvit again"
        )
    return ExportedFile(weights.graph, runtime, header, (weights.graph, weights.path))


def opened_ahead(file: ExportedFile, device: AnyDevice) -> Runs:
    """Open an exported file in a thread, while frames are decoded and searched; the first batch waits for it.

    What is wrong with the file is raised there, so this is for the library's own.
    """
    opening = begun(lambda: file.open(device), "open")

    def run(crops: ImageArray, noise: Sequence[FloatArray]) -> Mapping[str, FloatArray]:
        return opening.result()(crops, noise)

    return run
