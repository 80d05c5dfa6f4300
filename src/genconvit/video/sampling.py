"""Which frames of a video are looked at."""

from __future__ import annotations

import numpy as np

from genconvit.errors import ConfigError


def evenly_spaced(frame_count: int, frames: int) -> list[int]:
    """The indices of evenly spaced frames, from the first to the last, as the reference chooses them.

    They are the integer-truncated ``numpy.linspace(0, frame_count - 1, frames)``, bit for bit. A video with fewer
    frames than asked for gives each frame once; the reference repeats frames there.

    Args:
        frame_count: how many frames the video has, at least 1.
        frames: how many to take, at least 1, or -1 for all.

    Returns:
        Strictly increasing indices in ``[0, frame_count)``.

    Raises:
        ConfigError: ``frames`` is 0 or below -1.

    Examples:
        >>> evenly_spaced(100, 4)
        [0, 33, 66, 99]
        >>> evenly_spaced(3, 15)
        [0, 1, 2]
    """
    if frames < -1 or frames == 0:
        raise ConfigError(f"frames is {frames}; allowed are 1 and above, or -1 for all: choose one of these")
    if frames == 1:
        return [0]
    if frames == -1 or frames >= frame_count:
        return list(range(frame_count))
    return [int(index) for index in np.linspace(0, frame_count - 1, frames, dtype=np.int64)]
