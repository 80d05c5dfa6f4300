"""Rules by which the crops were cut that weights were trained on, for a data set that they are trained further on."""

from __future__ import annotations

from pathlib import Path

from genconvit.core.cut import CropRules
from genconvit.core.errors import WeightsError
from genconvit.weights.checkpoint import read_tensors
from genconvit.weights.embedded import all_embedded
from genconvit.weights.library_file import header_of


def crop_rules_of(weights: str) -> CropRules:
    """The rules that weights name.

    Args:
        weights: a file of the library's own, or ``"embedded"``.

    Raises:
        WeightsError: the file cannot be read, is not the library's own, or names no rules.
    """
    shipped = next(all_embedded(), None) if weights == "embedded" else None
    path = shipped.path if shipped else Path(weights)
    header = header_of(read_tensors(path).metadata, path)
    if header is None or not header.crop_rules:
        raise WeightsError(
            f"{path} does not say how faces were cut for it, so each face detector's own rule holds; leave this out "
            "(--crops-like)"
        )
    return header.crop_rules
