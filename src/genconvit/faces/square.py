"""Squares for a detector's box: the canonical face box, and the square of whole pixels that a network sees."""

from __future__ import annotations

import math

from genconvit.core.cut import Cut, SquareRule
from genconvit.core.errors import ConfigError
from genconvit.core.types import Box

_FARTHEST_PX = 1e7
"""Coordinates beyond this many pixels are pulled back to it, so that their sums stay exact."""

_LARGEST_SIDE = 2
"""A square's side is at most this many times the frame's longer side."""


def square_of(box: Box, rule: SquareRule, margin: float = 0.0) -> Box:
    """The canonical face box for a detector's box.

    Its side is ``rule.side`` heights of the box times ``1 + margin``; its centre lies ``rule.shift_down``
    heights of the box below the box's.

    Args:
        box: left, top, right, bottom in pixels of the frame.
        rule: rule of the detector, or of the weights.
        margin: fraction by which the side becomes longer; at least -0.5.

    Returns:
        Left, top, right, bottom in pixels of the frame, not rounded; may reach over the frame's edge.

    Raises:
        ConfigError: the margin is below -0.5 or not finite.

    Examples:
        >>> square_of(
        ...     (10.0, 20.0, 110.0, 120.0),
        ...     SquareRule(side=0.8, shift_down=0.05),
        ...     margin=0.25,
        ... )
        (10.0, 25.0, 110.0, 125.0)
    """
    return _square(box, rule.side, rule.shift_down, margin)


def square_for(box: Box, cut: Cut, margin: float = 0.0) -> Box:
    """The square around a detector's box that a network sees.

    Its side is ``cut.scale`` sides of the canonical face box times ``1 + margin``; its centre lies ``cut.shift_down``
    sides of the canonical face box below that one's.

    Args:
        box: left, top, right, bottom in pixels of the frame.
        cut: the rule to the canonical face box, and the network's crop.
        margin: fraction by which the side becomes longer; at least -0.5.

    Returns:
        Left, top, right, bottom in pixels of the frame, not rounded; may reach over the frame's edge.

    Raises:
        ConfigError: the margin is below -0.5 or not finite.

    Examples:
        >>> canonical = SquareRule(side=1.0, shift_down=0.0)
        >>> square_for(
        ...     (10.0, 20.0, 110.0, 120.0),
        ...     Cut(size=224, scale=1.5, shift_down=0.25, rule=canonical),
        ... )
        (-15.0, 20.0, 135.0, 170.0)
    """
    rule = cut.rule
    return _square(box, rule.side * cut.scale, rule.shift_down + rule.side * cut.shift_down, margin)


def _square(box: Box, side: float, shift_down: float, margin: float) -> Box:
    if not (math.isfinite(margin) and margin >= -0.5):
        raise ConfigError(f"the crop's margin is a number of at least -0.5, got {margin}; 0.0 adds none")
    left, top, right, bottom = (min(max(value, -_FARTHEST_PX), _FARTHEST_PX) for value in box)
    height = bottom - top
    half = side * height * (1 + margin) / 2
    centre_x = (left + right) / 2
    centre_y = (top + bottom) / 2 + shift_down * height
    return centre_x - half, centre_y - half, centre_x + half, centre_y + half


def check_crop_size(size: int) -> None:
    """Refuse a crop without a pixel.

    Raises:
        ConfigError: the size is below 1.
    """
    if size < 1:
        raise ConfigError(f"a face crop's size is at least 1 pixel, got {size}; the published weights take 224")


def whole_pixels(square: Box, width: int, height: int) -> tuple[int, int, int]:
    """The nearest square of whole pixels that a frame can be cut to.

    It is shifted into the frame; where it is longer than the frame it covers the frame wholly.

    Args:
        square: left, top, right, bottom in pixels of the frame.
        width: width of the frame in pixels.
        height: height of the frame in pixels.

    Returns:
        Side of the square, at least one pixel and at most twice the frame's longer side; its left; its top.
    """
    left, top, right, bottom = (min(max(value, -_FARTHEST_PX), _FARTHEST_PX) for value in square)
    longest = _LARGEST_SIDE * max(width, height)
    side = min(max(_nearest((right - left + bottom - top) / 2), 1), longest)
    first_x = _nearest((left + right - side) / 2)
    first_y = _nearest((top + bottom - side) / 2)
    return side, _shifted(first_x, width - side), _shifted(first_y, height - side)


def whole_square(square: Box, width: int, height: int) -> Box:
    """Left, top, right and bottom of the square of whole pixels that ``whole_pixels`` gives for a square."""
    side, left, top = whole_pixels(square, width, height)
    return float(left), float(top), float(left + side), float(top + side)


def _nearest(value: float) -> int:
    return math.floor(value + 0.5)


def _shifted(first: int, room: int) -> int:
    """The nearest start with the square in the frame (room >= 0) or the frame in the square."""
    return min(max(first, min(room, 0)), max(room, 0))
