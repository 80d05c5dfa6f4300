"""Limits of a picture's size. A few kilobytes can claim one that fills the memory, so its header is asked first."""

from __future__ import annotations

MAX_FRAME_PIXELS = 36_000_000
"""The most pixels of a video's frame.

The largest picture of H.264 and HEVC at level 6.2 and of AV1 at level 6.3 has 8192 x 4352 pixels, which this holds;
8K has 7680 x 4320. A decoder keeps many frames at once, up to one for each of its threads and reference pictures.
"""

MAX_FRAMES = 2_000_000
"""The most frames of a video, 18 hours at 30 a second: each takes room in the index."""

MAX_IMAGE_PIXELS = 80_000_000
"""The most pixels of an image, of which one at a time is in memory.

Photographs of 50 and 61 megapixels are common. Pillow warns from 89 megapixels on, so no image within the limit does.
"""


def too_large(what: str, width: int, height: int, limit: int) -> str | None:
    """Say why a picture is refused; None where its pixels are within the limit.

    Examples:
        >>> too_large("an image", 10_000, 9_000, MAX_IMAGE_PIXELS)
        'an image of 10000 x 9000 pixels; at most 80 megapixels are read'
    """
    if width * height <= limit:
        return None
    return f"{what} of {width} x {height} pixels; at most {limit / 1e6:g} megapixels are read"
