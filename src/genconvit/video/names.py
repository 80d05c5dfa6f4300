"""Names of sources in messages and results."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from genconvit.core.addresses import address_name, is_remote
from genconvit.core.types import is_array
from genconvit.video.given import GivenSource

if TYPE_CHECKING:
    import numpy.typing as npt
    import torch

Source: TypeAlias = "str | os.PathLike[str] | npt.NDArray[Any] | torch.Tensor"
"""A path of a video, an image or a folder of frames; or the frames themselves."""


def source_name(source: Source) -> str:
    r"""The name of a source, always valid Unicode.

    A path is named as given, and an address without its secrets; bytes of a path that are no UTF-8 become backslash
    escapes, so that the name fits into JSON. A ``GivenSource`` brings its own name. An array is named by its element
    type and shape, and what is no source at all by its type.

    Examples:
        >>> source_name("clip\udcff.mp4")
        'clip\\xff.mp4'
        >>> import numpy as np
        >>> source_name(np.zeros((2, 4, 6, 3), np.uint8))
        'array uint8 [2, 4, 6, 3]'
    """
    if isinstance(source, GivenSource):
        return source.name
    if is_array(source):
        return f"array {str(source.dtype).removeprefix('torch.')} {list(source.shape)}"
    path = path_of(source)
    if path is None:
        return f"value of type {type(source).__name__}"
    return address_name(path) if is_remote(path) else valid_text(path)


def valid_text(text: str) -> str:
    r"""The text as valid Unicode: bytes of a path that are no UTF-8, and halves of characters, are escaped.

    Examples:
        >>> valid_text("clip\udcff.mp4")
        'clip\\xff.mp4'
    """
    try:
        return os.fsencode(text).decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def path_of(source: object) -> str | None:
    """The path that a source is, as text; None where it is none, or one in bytes."""
    path = os.fspath(source) if isinstance(source, (str, os.PathLike)) else None
    return path if isinstance(path, str) else None


def is_folder(source: object) -> bool:
    """Tell whether a source is the path of a folder that is there."""
    path = path_of(source)
    try:
        return bool(path) and Path(path or "").is_dir()
    except (OSError, ValueError):
        return False
