"""RGB of 8 bits from the pixels of a picture, whatever their depth."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from genconvit.core.errors import UnsupportedSourceError
from genconvit.core.types import ImageArray

ValueRange: TypeAlias = tuple[float, float]

_BITS, _WHITE_IS_ZERO, _KIND, _LEAST, _MOST = 258, 262, 339, 340, 341
"""Tags of TIFF: bits per sample, photometric interpretation, sample format, smallest and largest sample."""

_UNSIGNED, _FLOAT = 1, 3
_DARKEST = 16
"""A picture whose brightest pixel is below this part of the range is one that was not made for it."""


def rgb_of(name: str, image: Image.Image) -> ImageArray:
    """The pixels of a picture as RGB, uint8 [height, width, 3].

    Transparency is dropped. Grey of more than 8 bits is scaled by the range that its format gives: that of its bits, 0
    to 1 for floats, or the smallest and largest sample that a TIFF states.

    Args:
        name: the source, for errors.
        image: an open picture.

    Raises:
        SourceError: the format gives no range, as for signed numbers, or the pixels were not made for the one it gives;
            says what was found.
    """
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        grey = _eight_bits(name, image)
        return np.repeat(grey[..., None], 3, axis=2)
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA")
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _eight_bits(name: str, image: Image.Image) -> npt.NDArray[np.uint8]:
    tags: dict[int, Any] = dict(getattr(image, "tag_v2", {}))
    values = np.asarray(image)
    if image.mode == "I" and _first(tags, _KIND, _UNSIGNED) == _UNSIGNED:
        values = values.view(np.uint32)  # Pillow has no mode for them, and keeps their bits
    found = float(values.min()), float(values.max())
    given = _range(image, tags)
    reason = _misfit(found, given)
    if given is None or reason:
        values_found = f"a picture with values from {found[0]:g} to {found[1]:g}"
        raise UnsupportedSourceError(name, f"{values_found}; {reason}: convert it to 8 bits")
    low, high = given
    grey = (values.astype(np.float32) - low) * (255 / (high - low))
    if _first(tags, _WHITE_IS_ZERO, 1) == 0:
        grey = 255 - grey
    return grey.round().astype(np.uint8)


def _range(image: Image.Image, tags: dict[int, Any]) -> ValueRange | None:
    """The values that are black and white in a format; None where it does not say."""
    if image.format != "TIFF":
        return (0, 1) if image.mode == "F" else (0, 0xFFFF)
    least, most = _first(tags, _LEAST, None), _first(tags, _MOST, None)
    if least is not None and most is not None and least < most:
        return float(least), float(most)
    kind = _first(tags, _KIND, _UNSIGNED)
    return {_FLOAT: (0.0, 1.0), _UNSIGNED: (0.0, 2.0 ** _first(tags, _BITS, 16) - 1)}.get(kind)


def _misfit(found: ValueRange, given: ValueRange | None) -> str | None:
    """Say why values cannot be scaled by a range; None where they can."""
    if given is None:
        return "its format does not say which of them are black and white"
    (low, high), (least, most) = given, found
    limits = f"its format has {low:g} for black and {high:g} for white"
    if not low <= least <= most <= high:  # NaN is not either
        return limits
    too_dark = low < most < low + (high - low) / _DARKEST
    return f"{limits}, and nothing would be left of it" if too_dark else None


def _first(tags: dict[int, Any], tag: int, default: Any) -> Any:  # noqa: ANN401 - a number of the file's own type
    value = tags.get(tag, default)
    return value[0] if isinstance(value, tuple) and value else value
