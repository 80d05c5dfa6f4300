"""Treatment of a video without an answer."""

from __future__ import annotations

from enum import Enum


class NoFace(str, Enum):
    """Label that a video without a face, or an unreadable one, counts as in a measure.

    ``excluded`` leaves it out. ``real`` gives it the score 0 and the label REAL, ``fake`` 1 and FAKE. ``half`` gives it
    0.5 and FAKE, as the reference does.
    """

    excluded = "excluded"
    real = "real"
    fake = "fake"
    half = "half"
