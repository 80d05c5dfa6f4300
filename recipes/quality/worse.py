"""Ways in which the picture of a face grows worse, each with the value that it is measured by."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from PIL import Image

from genconvit.core.cut import Cut, SquareRule
from genconvit.core.types import Box, DetectedFace, ImageArray
from genconvit.faces.mtcnn import MTCNNDetector
from genconvit.faces.quality import measure_quality
from genconvit.faces.square import square_for
from genconvit.results.quality import FaceQuality, FindingKind
from genconvit.robustness.degrade import blur, brightness

MEASURED = ("width_px", "outside", "sharpness", "luma", "clipped")
"""Fields of ``FaceQuality`` that need no landmarks."""

CROP_PX = 224
"""Side in pixels of a crop of the pack."""


@dataclass(frozen=True, eq=False)
class Seen:
    """A frame with one face, made of a crop.

    Attributes:
        frame: RGB uint8 [height, width, 3].
        box: the box that the detector would have given, in pixels of that frame.
    """

    frame: ImageArray
    box: Box

    def square(self, cut: Cut) -> Box:
        """The square that the network sees."""
        return square_for(self.box, cut)

    def quality(self) -> FaceQuality:
        """Its measured values, without landmarks."""
        return measure_quality(self.frame, DetectedFace(self.box, 1.0), MTCNNDetector.square_rule)


def box_of(side: float, rule: SquareRule) -> Box:
    """The box whose square by a rule is the whole of a crop."""
    height = side / rule.side
    top = side / 2 - (rule.shift_down + 0.5) * height
    return (side - height) / 2, top, (side + height) / 2, top + height


def reduced(seen: Seen, strength: float) -> Seen:
    """Reduce a frame until its canonical face box is so many pixels wide."""
    factor = min(strength / seen.quality().width_px, 1.0)
    side = max(round(CROP_PX * factor), 1)
    small = Image.fromarray(seen.frame).resize((side, side), Image.Resampling.BOX)
    left, top, right, bottom = (edge * side / CROP_PX for edge in seen.box)
    return Seen(np.asarray(small), (left, top, right, bottom))


def blurred(seen: Seen, strength: float) -> Seen:
    """Blur by a Gaussian; sigma in pixels of the crop."""
    return Seen(blur(seen.frame, strength), seen.box)


def lit(seen: Seen, strength: float) -> Seen:
    """Multiply every value, and clip it."""
    return Seen(brightness(seen.frame, strength), seen.box)


def cut_off(seen: Seen, strength: float) -> Seen:
    """Take away such a share of the canonical face box, from its left or its right, and what lies beyond."""
    left, _, right, _ = seen.box
    height = seen.box[3] - seen.box[1]
    side = MTCNNDetector.square_rule.side * height
    first = round((left + right - side) / 2 + strength * side)
    if int(seen.frame.sum()) % 2:  # one side or the other, as chance has it and always the same
        return Seen(seen.frame[:, : CROP_PX - first], seen.box)
    return Seen(seen.frame[:, first:], (left - first, seen.box[1], right - first, seen.box[3]))


class Worsen(Protocol):
    """Makes a frame worse."""

    def __call__(self, seen: Seen, strength: float) -> Seen:
        """The frame at a strength."""
        ...


@dataclass(frozen=True)
class Way:
    """One way to grow worse.

    Attributes:
        kind: finding that it leads to.
        value: field of ``FaceQuality`` that measures it.
        clean: strength of a crop as it is.
        strengths: strengths, from the weakest to the strongest.
        apply: does it to a frame.
    """

    kind: FindingKind
    value: Literal["width_px", "sharpness", "luma", "outside"]
    clean: float
    strengths: tuple[float, ...]
    apply: Worsen


WAYS = (
    Way("too_small", "width_px", 210, (48, 32, 24), reduced),
    Way("blurred", "sharpness", 0, (2, 3, 4), blurred),
    Way("too_dark", "luma", 1, (0.5, 0.25, 0.125, 0.0625), lit),
    Way("too_bright", "luma", 1, (1.5, 2, 3, 4), lit),
    Way("cut_off", "outside", 0, (0.1, 0.2, 0.3), cut_off),
)
"""Ways to grow worse: width in pixels; sigma in pixels of the crop; a factor; a share of the canonical face box."""
