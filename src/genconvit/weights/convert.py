"""Files of the library's own: from the original's files, from another precision, from a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from genconvit.core.errors import WeightsError
from genconvit.core.files import sha256_of_file
from genconvit.core.version import __version__
from genconvit.registry import ARCHITECTURES
from genconvit.results.provenance import WeightsFile
from genconvit.weights.checkpoint import read_tensors
from genconvit.weights.library_file import FileHeader, StoredPrecision, header_of, write
from genconvit.weights.load import LoadedModel, load_model
from genconvit.weights.locate import WeightsSpec


@dataclass(frozen=True)
class Written:
    """Summary of a conversion: the number of tensors, and the file's size in bytes."""

    tensors: int
    bytes: int


def convert_reference(
    spec: WeightsSpec,
    output: Path,
    *,
    precision: StoredPrecision = "fp32",
    variational: bool = False,
    size: str = "tiny",
) -> Written:
    """Write the live tensors of the original's files as one safetensors file, whole or not at all.

    Args:
        spec: ``"published"``, or a path for ``"ed"``, ``"vae"`` or both.
        output: the file to write.
        precision: precision of the stored tensors.
        variational: keep ``var``, which only the KL term of a training uses.
        size: size of the backbones.

    Raises:
        WeightsError: the files cannot be had, read, or do not fit, or the spec names something else.
    """
    if spec != "published" and not isinstance(spec, Mapping):
        raise WeightsError(
            f"weights {spec!r} do not say whose they are; give ed=FILE and vae=FILE, or one of them, or 'published'"
        )
    mode = next(iter(spec)) if isinstance(spec, Mapping) and len(spec) == 1 else "genconvit"
    options = {"mode": mode, "size": size, "variational": variational}
    loaded = load_model("original", ARCHITECTURES.load("original"), options, spec)
    return save_model(loaded, "original", output, precision=precision)


def convert_own(source: Path, output: Path, *, precision: StoredPrecision) -> Written:
    """Write a file of the library's own in another precision, whole or not at all.

    Raises:
        WeightsError: the source cannot be read or is not the library's own, or the output cannot be written.
    """
    checkpoint = read_tensors(source)
    header = header_of(checkpoint.metadata, source)
    if header is None:
        raise WeightsError(
            f"{source} is no file of the library's own; if it is one of the original's, say whose: ed={source} or "
            f"vae={source}"
        )
    made_from = (WeightsFile(name=source.name, sha256=sha256_of_file(source)), *header.made_from)
    write(output, checkpoint.tensors, header.model_copy(update={"made_from": made_from}), precision)
    return Written(len(checkpoint.tensors), output.stat().st_size)


def save_model(
    loaded: LoadedModel,
    architecture: str,
    output: Path,
    *,
    precision: StoredPrecision,
    training: dict[str, JsonValue] | None = None,
) -> Written:
    """Write a loaded model as a file of the library's own, whole or not at all.

    Args:
        loaded: the model, and where its weights came from; the rules by which its training's crops were cut go with it.
        architecture: the name that it is registered under.
        output: the file to write.
        precision: precision of the stored tensors.
        training: record of its training, for the header.

    Raises:
        WeightsError: the file cannot be written.
    """
    header = FileHeader(
        library_version=__version__,
        architecture=architecture,
        config=loaded.model.config.model_dump(mode="json"),
        trained=loaded.info.trained,
        made_from=loaded.info.files,
        training=training,
        crop_rules=loaded.info.crop_rules,
    )
    tensors = loaded.model.state_dict()
    write(output, tensors, header, precision)
    return Written(len(tensors), output.stat().st_size)
