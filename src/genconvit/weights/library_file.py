"""The library's own weights file: safetensors with the model's config in its header."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

import torch
from pydantic import Field, JsonValue, ValidationError
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from genconvit.core.config import FrozenConfig
from genconvit.core.cut import CropRules
from genconvit.core.errors import WeightsError
from genconvit.core.files import written_whole
from genconvit.results.provenance import WeightsFile

METADATA_KEY = "genconvit"

StoredPrecision = Literal["fp32", "bf16", "fp16"]
"""Precisions in which weights may be stored; fp16 is more exact than bf16 in the same space, but ends at 65504."""

STORED_PRECISIONS: tuple[StoredPrecision, ...] = get_args(StoredPrecision)

_STORED: dict[StoredPrecision, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class FileHeader(FrozenConfig):
    """Header of a weights file."""

    format: int = 1
    """Version of this header's layout."""

    library_version: str
    """Version of genconvit when it was written."""

    architecture: str
    """Registered name of the architecture."""

    config: dict[str, JsonValue]
    """The model's whole config."""

    trained: bool
    """False for weights that were never trained."""

    made_from: tuple[WeightsFile, ...] = ()
    """The files that it was converted from."""

    training: dict[str, JsonValue] | None = None
    """Record of its training by this library, and of what was measured then; None where it was not."""

    crop_rules: CropRules = Field(default_factory=dict)
    """Rules by which the crops of its training were cut; empty where that was as each face detector's own rule says, or
    is not known."""


def write(path: Path, tensors: Mapping[str, Tensor], header: FileHeader, precision: StoredPrecision) -> None:
    """Write tensors and header, whole or not at all.

    Floating-point tensors are stored in this precision; integers stay as they are.

    Raises:
        WeightsError: it cannot be written, or a value is too large for the precision; its folder must exist.
    """
    stored = {name: _stored(path, name, tensor, precision) for name, tensor in tensors.items()}
    try:
        with written_whole(path) as partial:
            save_file(stored, partial, metadata={METADATA_KEY: header.model_dump_json()})
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path} cannot be written: {error}; choose another path") from error


def _stored(path: Path, name: str, tensor: Tensor, precision: StoredPrecision) -> Tensor:
    if not tensor.is_floating_point():
        return tensor.contiguous()
    stored = tensor.to(_STORED[precision]).contiguous()
    if stored.dtype == torch.float16 and not torch.equal(stored.isfinite(), tensor.isfinite()):
        raise WeightsError(
            f"{path} is not written: {name!r} holds {tensor.abs().max():.4g}, which {precision} cannot; store bf16 or "
            "fp32 instead (--precision)"
        )
    return stored


def header_of(metadata: Mapping[str, str], path: Path) -> FileHeader | None:
    """The header among a safetensors file's metadata; None where the file is not the library's.

    Raises:
        WeightsError: the header is damaged or from a later format.
    """
    if METADATA_KEY not in metadata:
        return None
    try:
        header = FileHeader.model_validate_json(metadata[METADATA_KEY])
    except ValidationError as error:
        raise WeightsError(f"{path}: its header does not say what model it holds: {error}") from error
    if header.format != 1:
        raise WeightsError(
            f"{path}: its header has format {header.format}, this version reads format 1; upgrade genconvit"
        )
    return header
