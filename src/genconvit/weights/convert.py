"""From the original's files to one file of the library's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from genconvit.device import DTYPES, Precision
from genconvit.errors import WeightsError
from genconvit.registry import ARCHITECTURES
from genconvit.version import __version__
from genconvit.weights.library_file import FileHeader, write
from genconvit.weights.load import LoadedModel, load_model
from genconvit.weights.locate import WeightsSpec


@dataclass(frozen=True)
class Written:
    """What a conversion wrote: how many tensors, and the file's size in bytes."""

    tensors: int
    bytes: int


def convert_reference(
    spec: WeightsSpec, output: Path, *, precision: Precision = "fp32", variational: bool = False, size: str = "tiny"
) -> Written:
    """Write the live tensors of the original's files as one safetensors file, whole or not at all.

    Args:
        spec: ``"published"``, or a path for ``"ed"``, ``"vae"`` or both.
        output: the file to write.
        precision: of the stored tensors.
        variational: keep ``var``, which only the KL term of a training uses.
        size: of the backbones.

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


def save_model(
    loaded: LoadedModel,
    architecture: str,
    output: Path,
    *,
    precision: Precision,
    training: dict[str, JsonValue] | None = None,
) -> Written:
    """Write a loaded model as a file of the library's own, whole or not at all.

    Args:
        loaded: the model, and where its weights came from.
        architecture: the name that it is registered under.
        output: the file to write.
        precision: of the stored tensors.
        training: how it was trained, for the header.

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
    )
    tensors = loaded.model.state_dict()
    write(output, tensors, header, DTYPES[precision])
    return Written(len(tensors), output.stat().st_size)
